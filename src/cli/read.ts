/** `qwen-vl read`: reads the text in a picture. */
import type { Command } from 'commander'
import { type AnsweringOptions, addAnsweringOptions, answerAbout } from './answering.ts'

export function addRead(program: Command): void {
  const command = program
    .command('read')
    .description('Read the text in a picture, with the four corners of each piece in pixels.')
    .argument('<picture>', 'a file or an address (http, https, data)')
  addAnsweringOptions(command)
    .addHelpText(
      'after',
      `
Examples:
  qwen-vl read sign.jpg --model Qwen/Qwen-VL-Chat
  qwen-vl read sign.jpg --draw places.svg --model Qwen/Qwen-VL-Chat
  qwen-vl read receipt.png --max-new-tokens 1024 --json --model Qwen/Qwen-VL-Chat`,
    )
    .action((picture: string, options: AnsweringOptions) =>
      answerAbout([picture], options, (model, [pixels], ask) => model.read(pixels!, ask)),
    )
}
