/** Options that several commands have, and how their values are read. Knows no command. */
import { type Command, InvalidArgumentError, Option } from 'commander'
import type { AskOptions } from '../generate/qwenVL.ts'
import { type WeightFormat, weightFormats } from '../generate/weightFormat.ts'
import { type Device, devices } from '../runtime/runtime.ts'

/** Options of every command. */
export interface OutputOptions {
  readonly json?: true
  readonly debug?: true
}

/** Options of commands that load a model. */
export interface ModelOptions extends OutputOptions {
  readonly model?: string
  readonly cache?: string
  readonly weights?: WeightFormat
  readonly adapter?: string
  readonly device: Device
  readonly threads?: number
}

/** Options of commands that write answers. */
export interface GenerationOptions {
  readonly maxNewTokens?: number
  readonly temperature?: number
  readonly topP?: number
  readonly topK?: number
  readonly seed?: number
  readonly greedy?: true
  readonly stop?: readonly string[]
  readonly window?: number
}

/** `json` says what programs get. */
export function addOutputOptions(command: Command, json: string): Command {
  return command.option('--json', json).option('--debug', 'show where an error comes from')
}

export function addModelOptions(command: Command): Command {
  return command
    .option('-m, --model <model>', 'a folder, or the name of a model that was pulled, such as Qwen/Qwen-VL-Chat')
    .option('--cache <folder>', 'where pulled models are (default: the cache of Hugging Face tools)')
    .addOption(
      new Option(
        '--weights <type>',
        'what the language model computes with (default: int4 for GPTQ, else float32)',
      ).choices(weightFormats),
    )
    .option('--adapter <folder>', 'a LoRA adapter beside the model, in the layout of PEFT')
    .addOption(new Option('--device <device>', 'what computes').choices(devices).default('cpu'))
    .option('--threads <n>', 'threads of the processor (default: one for each core)', wholeNumber(1))
}

export function addGenerationOptions(command: Command): Command {
  return command
    .option('--max-new-tokens <n>', 'most tokens of an answer (default: what the model says)', wholeNumber(1))
    .option('--temperature <t>', 'draw at random; below 1 likelier words gain', numberFrom(0, Number.MAX_VALUE))
    .option('--top-p <p>', 'draw only among the likeliest that make up this probability', numberFrom(0, 1, 'above'))
    .option('--top-k <k>', 'draw only among the k likeliest; 0 for all', wholeNumber(0))
    .option('--seed <n>', 'the same seed draws the same', wholeNumber(0))
    .addOption(
      new Option('--greedy', 'always take the likeliest, whatever the model says').conflicts([
        'temperature',
        'topP',
        'topK',
      ]),
    )
    .option('--stop <text>', 'end the answer before this text; can be given several times', collect)
    .addOption(windowOption())
}

export const windowOption = () =>
  new Option('--window <tokens>', 'tokens that prompt and answer may take together (default: the model’s)').argParser(
    wholeNumber(1),
  )

/** Gathers the values of an option that is given several times. */
export const collect = (value: string, before: readonly string[] = []): readonly string[] => [...before, value]

/** A whole number, not below `least`. */
export function wholeNumber(least: number): (text: string) => number {
  return text => {
    const value = Number(text)
    if (/^\d+$/.test(text) && value >= least && Number.isSafeInteger(value)) return value
    throw new InvalidArgumentError(`It must be a whole number${least > 0 ? ` from ${least} on` : ''}.`)
  }
}

/** A number of a range; `above` leaves out the least. */
export function numberFrom(least: number, most: number, above?: 'above'): (text: string) => number {
  return text => {
    const value = Number(text)
    if (text.trim() !== '' && value <= most && (above ? value > least : value >= least)) return value
    const upper = most === Number.MAX_VALUE ? '' : ` and not above ${most}`
    throw new InvalidArgumentError(`It must be a number ${above ? `above ${least}` : `from ${least} on`}${upper}.`)
  }
}

/** The options of generation as the library takes them. Whoever shapes the draw wants to draw. */
export function askOptions(options: GenerationOptions): AskOptions {
  const { maxNewTokens, temperature, topP, topK, seed, greedy, stop } = options
  const shaped = temperature !== undefined || topP !== undefined || topK !== undefined
  return given({
    maxNewTokens,
    temperature,
    topP,
    topK,
    seed,
    stop,
    sample: greedy ? false : shaped ? true : undefined,
  })
}

/** Only what was given: options that are left out stay left out. */
export function given<T extends object>(options: T): { [Key in keyof T]?: Exclude<T[Key], undefined> } {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as {
    [Key in keyof T]?: Exclude<T[Key], undefined>
  }
}
