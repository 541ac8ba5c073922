/**
 * The way of every command that asks one question: read the pictures, load the model, show the answer as it is written,
 * draw. A command says how it asks.
 */
import type { Command } from 'commander'
import type { Answer } from '../generate/answer.ts'
import type { AskOptions, QwenVL } from '../generate/qwenVL.ts'
import type { PictureSource } from '../image/index.ts'
import { watchInterrupts } from './interrupt.ts'
import { checkOutput, drawings, modelOf, openModelFor, openPictures, pixelsOf } from './opening.ts'
import {
  addGenerationOptions,
  addModelOptions,
  addOutputOptions,
  askOptions,
  type GenerationOptions,
  given,
  type ModelOptions,
} from './options.ts'
import { endingNote, placeLines, secondsSince, TextWriter } from './printing.ts'

export interface AnsweringOptions extends ModelOptions, GenerationOptions {
  readonly draw?: string
}

/** Adds the options that all asking commands have. */
export function addAnsweringOptions(command: Command): Command {
  command.option('--draw <file>', 'draw the boxes on a copy of the picture: .png, .jpg, or .svg as an overlay')
  addModelOptions(command)
  addGenerationOptions(command)
  return addOutputOptions(command, 'print one JSON object: text, boxes, usage, model, seconds')
}

export type Ask = (model: QwenVL, pictures: readonly PictureSource[], options: AskOptions) => Promise<Answer>

/** Asks about pictures, and prints what is answered. Throws whatever reading, loading, asking and drawing throw. */
export async function answerAbout(paths: readonly string[], options: AnsweringOptions, ask: Ask): Promise<void> {
  const signal = watchInterrupts()
  const model = modelOf(options)
  if (options.draw !== undefined) await checkOutput(options.draw, drawings)
  const pictures = await openPictures(paths, signal)
  await using qwen = await openModelFor(options)
  signal.throwIfAborted()
  const text = new TextWriter()
  const start = performance.now()
  const answer = await ask(qwen, pictures.map(pixelsOf), {
    ...askOptions(options),
    signal,
    ...(!options.json && { onPiece: piece => text.add(piece.text) }),
  }).finally(() => text.end())
  const seconds = secondsSince(start)
  if (options.draw !== undefined) await answer.draw(options.draw)
  if (options.json) {
    const { weights, rounding } = qwen
    const object = { ...answer.toJSON(), model, weights, seconds, ...given({ rounding, drawn: options.draw }) }
    process.stdout.write(`${JSON.stringify(object)}\n`)
  } else tell(answer, options)
}

/** What stands below the text of an answer. */
function tell(answer: Answer, { draw }: AnsweringOptions): void {
  const lines = placeLines(answer)
  if (answer.text === '' && lines.length === 0) lines.push('(the answer is empty)')
  if (draw !== undefined) lines.push(`drawn: ${draw}`)
  for (const line of lines) process.stdout.write(`${line}\n`)
  const note = endingNote(answer)
  if (note !== undefined) process.stderr.write(`${note}\n`)
}
