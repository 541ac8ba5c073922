/** `qwen-vl caption`: says what is seen. */
import { type Command, Option } from 'commander'
import type { Language } from '../generate/questions.ts'
import { type AnsweringOptions, addAnsweringOptions, answerAbout } from './answering.ts'
import { given } from './options.ts'

interface CaptionOptions extends AnsweringOptions {
  readonly language?: Language
  readonly grounded?: true
}

export function addCaption(program: Command): void {
  const command = program
    .command('caption')
    .description('Say what a picture shows.')
    .argument('<picture>', 'a file or an address (http, https, data)')
    .addOption(new Option('--language <language>', 'of the caption').choices(['en', 'zh']).default('en'))
    .option('--grounded', 'name what is seen, each thing with its box')
  addAnsweringOptions(command)
    .addHelpText(
      'after',
      `
Examples:
  qwen-vl caption street.jpg --model Qwen/Qwen-VL-Chat
  qwen-vl caption street.jpg --language zh --model Qwen/Qwen-VL-Chat
  qwen-vl caption street.jpg --grounded --draw boxes.png --model Qwen/Qwen-VL-Chat`,
    )
    .action((picture: string, options: CaptionOptions) =>
      answerAbout([picture], options, (model, [pixels], ask) =>
        model.caption(pixels!, { ...ask, ...given({ language: options.language, grounded: options.grounded }) }),
      ),
    )
}
