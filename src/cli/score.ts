/** `qwen-vl score`: says how well texts fit a picture, by a model of contrastive training. */
import { type Command, Option } from 'commander'
import { devices } from '../runtime/runtime.ts'
import { watchInterrupts } from './interrupt.ts'
import { engineOptions, modelOf, openPictures, pixelsOf, showWaiting } from './opening.ts'
import { addOutputOptions, given, type ModelOptions, wholeNumber } from './options.ts'
import { printable, secondsSince } from './printing.ts'

export function addScore(program: Command): void {
  const command = program
    .command('score')
    .description('Say how well texts fit a picture, the best first. Needs a model of contrastive training.')
    .argument('<picture>', 'a file or an address (http, https, data)')
    .argument('<texts...>', 'what the picture may show')
    .option('-m, --model <model>', 'the model folder of a run of contrastive training, or the name of a pulled one')
    .option('--cache <folder>', 'where pulled models are (default: the cache of Hugging Face tools)')
    .addOption(new Option('--device <device>', 'what computes').choices(devices).default('cpu'))
    .option('--threads <n>', 'threads of the processor (default: one for each core)', wholeNumber(1))
  addOutputOptions(command, 'print one JSON object: model, picture, scale, scores, seconds')
    .addHelpText(
      'after',
      `
Each line has the cosine between picture and text, from -1 to 1, and how surely this text is the right one of them. How
high the cosine of a good text is depends on the model: it is for comparing.

Examples:
  qwen-vl score street.jpg "a red bus" "an empty road" --model runs/contrastive/model
  qwen-vl score street.jpg "a street at night" --json --model runs/contrastive/model`,
    )
    .action(scoreTexts)
}

async function scoreTexts(picture: string, texts: readonly string[], options: ModelOptions): Promise<void> {
  const signal = watchInterrupts()
  const reference = modelOf(options)
  const [opened] = await openPictures([picture], signal)
  const { Scorer } = await import('../generate/scorer.ts')
  const done = showWaiting(`loading ${reference} …`)
  const load = { ...engineOptions(options), ...given({ cache: options.cache }) }
  await using scorer = await Scorer.load(reference, load).finally(done)
  signal.throwIfAborted()
  const start = performance.now()
  const cosines = await scorer.score([pixelsOf(opened!)], texts, { signal })
  const probabilities = scorer.probabilities(cosines)
  const scores = texts.map((text, i) => ({ text, cosine: cosines[i]!, probability: probabilities[i]! }))
  if (options.json) {
    const object = { model: reference, picture, scale: scorer.scale, scores, seconds: secondsSince(start) }
    process.stdout.write(`${JSON.stringify(object)}\n`)
    return
  }
  for (const { text, cosine, probability } of scores.toSorted((a, b) => b.cosine - a.cosine)) {
    const share = texts.length > 1 ? `  ${(100 * probability).toFixed(1).padStart(5)}%` : ''
    process.stdout.write(`${cosine.toFixed(3).padStart(6)}${share}  ${printable(text)}\n`)
  }
}
