/** `qwen-vl ask`: answers a question about one picture or several. */
import type { Command } from 'commander'
import { type AnsweringOptions, addAnsweringOptions, answerAbout } from './answering.ts'
import { UsageError } from './failure.ts'
import { given } from './options.ts'

interface AskCommandOptions extends AnsweringOptions {
  readonly system?: string
}

export function addAsk(program: Command): void {
  const command = program
    .command('ask')
    .description('Answer a question about one picture or several. The question comes last.')
    .usage('[options] <picture...> <question>')
    .argument('<pictures...>', 'files or addresses (http, https, data), and then the question')
    .option('--system <text>', 'the system message of chat models (default: that of their training)')
  addAnsweringOptions(command)
    .addHelpText(
      'after',
      `
Boxes in the answer, and --draw, refer to the last picture.

Examples:
  qwen-vl ask street.jpg "What is the weather like?" --model Qwen/Qwen-VL-Chat
  qwen-vl ask before.jpg after.jpg "What has changed?" --model Qwen/Qwen-VL-Chat
  qwen-vl ask invoice.png "What is the total?" --greedy --json --model Qwen/Qwen-VL-Chat`,
    )
    .action((words: string[], options: AskCommandOptions) => {
      const pictures = words.slice(0, -1)
      const question = words.at(-1) as string
      if (pictures.length === 0)
        throw new UsageError(`there is a picture or a question, but not both: qwen-vl ask PICTURE "QUESTION"`)
      return answerAbout(pictures, options, (model, pixels, ask) =>
        model.ask(pixels, question, { ...ask, ...given({ system: options.system }) }),
      )
    })
}
