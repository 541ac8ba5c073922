/** What the command line says of itself, and of calls that it cannot understand. */
import { expect, test } from 'vitest'
import { buildProgram } from '../../src/cli/program.ts'
import { read } from '../checkout.ts'
import { type Ended, run, testFolder } from './process.ts'

const folder = testFolder()
const qwenVL = (...args: string[]): Promise<Ended> => run(args, { folder })
const names = [
  'caption',
  'ask',
  'locate',
  'read',
  'chat',
  'score',
  'pull',
  'inspect',
  'trace',
  'train',
  'plot',
  'merge',
  'quantize',
  'corpus',
  'evaluate',
]

test('the program has the commands of the documentation', () => {
  expect(buildProgram().commands.map(command => command.name())).toEqual(names)
})

test('--help names every command, and shows examples', async () => {
  const { status, stdout, stderr } = await qwenVL('--help')
  expect(status).toBe(0)
  expect(stderr).toBe('')
  for (const name of names) expect(stdout).toMatch(new RegExp(`^  ${name} `, 'm'))
  expect(stdout).toContain('Examples:')
})

/** Commands that do something: those of a group by both names. */
const doers = buildProgram().commands.flatMap(command =>
  command.commands.length > 0
    ? command.commands.map(each => ({ name: `${command.name()} ${each.name()}`, command: each }))
    : [{ name: command.name(), command }],
)

test.each(doers)('$name --help names every option and argument, and shows examples that can be read', async each => {
  const { name, command } = each
  const { status, stdout } = await qwenVL(...name.split(' '), '--help')
  expect(status).toBe(0)
  for (const { long } of command.options) expect(stdout).toContain(long)
  for (const argument of command.registeredArguments) expect(stdout).toContain(argument.name())
  expect(stdout).toContain('--json')
  expect(stdout).toContain('--debug')
  const examples = stdout.split('Examples:\n')[1]!.trimEnd().split('\n')
  expect(examples.length).toBeGreaterThan(1)
  const options = new Set(command.options.flatMap(({ long, short }) => [long, short]))
  for (const example of examples) {
    expect(example).toMatch(new RegExp(`qwen-vl ${name}\\b`))
    for (const option of example.match(/ -{1,2}[a-z][\w-]*/g) ?? []) expect(options).toContain(option.trim())
  }
})

test('every command has a file of its name', () => {
  for (const name of names) expect(read(`src/cli/${name}.ts`)).toContain(`qwen-vl ${name}`)
  for (const { name } of doers) {
    const file = name.replace(/ (.)/, (_, letter: string) => letter.toUpperCase())
    expect(read(`src/cli/${file}.ts`)).toContain(`qwen-vl ${name}`)
  }
})

test('the version is that of the package', async () => {
  expect((await qwenVL('--version')).stdout.trim()).toBe(JSON.parse(read('package.json')).version)
})

const model = ['--model', 'somewhere']

test.each<[string, string[], RegExp]>([
  ['an unknown command', ['captoin', 'a.png'], /unknown command 'captoin' \(Did you mean caption\?\)/],
  ['an unknown option', ['ask', 'a.png', 'b', '--modle', 'c'], /unknown option '--modle' \(Did you mean --model\?\)/],
  ['a missing argument', ['locate', 'a.png', ...model], /missing required argument 'what'/],
  ['too many arguments', ['caption', 'a.png', 'b.png', ...model], /too many arguments/],
  ['a question without a picture', ['ask', 'What is this?', ...model], /a picture or a question, but not both/],
  ['an unknown device', ['caption', 'a.png', '--device', 'tpu', ...model], /Allowed choices are cpu, webgpu, cuda/],
  ['an unknown language', ['caption', 'a.png', '--language', 'fr', ...model], /Allowed choices are en, zh/],
  ['a number that is none', ['caption', 'a.png', '--threads', 'two', ...model], /whole number from 1 on/],
  ['a probability above 1', ['caption', 'a.png', '--top-p', '2', ...model], /above 0 and not above 1/],
  ['greedy and hot', ['caption', 'a.png', '--greedy', '--temperature', '1', ...model], /cannot be used with/],
  [
    'a drawing of no kind',
    ['read', 'a.png', '--draw', 'out.gif', ...model],
    /must end in \.png, \.jpg, \.jpeg or \.svg/,
  ],
  ['no model', ['caption', 'a.png'], /no model was named: add --model .*qwen-vl pull Qwen\/Qwen-VL-Chat/],
  ['a trace of nothing', ['trace', '--prompt', 'a', ...model], /--out FILE .* or --compare FILE/],
  ['a trace without prompt', ['trace', '--out', 'a.safetensors', ...model], /there is no prompt/],
  ['two prompts', ['trace', '--prompt', 'a', '--prompt-ids', '1', '--out', 'a.safetensors'], /two prompts/],
  ['a stored trace and a prompt', ['trace', '--from', 'a', '--compare', 'b', '--prompt', 'c'], /--prompt says nothing/],
])('%s is wrong usage: status 2 and one line', async (_, args, line) => {
  const { status, stdout, stderr } = await qwenVL(...args)
  expect(stderr).toMatch(/^qwen-vl: [^\n]+\n$/)
  expect(stderr).toMatch(line)
  expect(stdout).toBe('')
  expect(status).toBe(2)
})

test('without a command, the help goes to standard error: status 2', async () => {
  const { status, stdout, stderr } = await qwenVL()
  expect(stderr).toMatch(/^Usage: qwen-vl/)
  expect(stdout).toBe('')
  expect(status).toBe(2)
})
