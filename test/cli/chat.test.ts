/** Conversations through the command line: with lines from a pipe, and at a terminal. */
import { copyFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, expect, test } from 'vitest'
import { findPictures } from '../../src/cli/picturePaths.ts'
import { root } from '../checkout.ts'
import { writeBabblingModel, writeScriptedModel } from '../tinyModel.ts'
import { ended, run, start, startInTerminal, testFolder, written } from './process.ts'

const folder = testFolder()

beforeAll(async () => {
  copyFileSync(join(root, 'test/fixtures/golden/B/0.png'), join(folder, 'street.png')) // 37×101
  mkdirSync(join(folder, 'my pictures'))
  copyFileSync(join(folder, 'street.png'), join(folder, 'my pictures/1.png'))
  await writeScriptedModel(join(folder, 'scripted'), 'A <ref>cat</ref><box>12,34;56:789</box>')
  await writeBabblingModel(join(folder, 'babbling'))
})

/** Holds a conversation of these lines. */
const chat = (lines: readonly string[], ...args: string[]) =>
  run(['chat', '--model', 'scripted', ...args], { folder }, lines.map(line => `${line}\n`).join(''))

test('lines are answered one after the other; pictures come by command, or by path in a question', async () => {
  const { status, stdout, stderr } = await chat([
    'Hello',
    '/picture street.png',
    'What is this?',
    '/history',
    "'my pictures/1.png' and here?",
    '/draw out.png',
    '/clear',
    '/history',
    '/quit',
    'never asked',
  ])
  expect(stderr).toBe('')
  expect(stdout.split('\n')).toEqual([
    'A cat',
    '(picture: street.png, 37×101)',
    'A cat',
    'cat: 0,3 – 2,79',
    'you: Hello',
    'model: A <ref>cat</ref><box>12,34;56:789</box>',
    'you: [street.png] What is this?',
    'model: A <ref>cat</ref><box>12,34;56:789</box>',
    '(picture: my pictures/1.png, 37×101)',
    'A cat',
    'cat: 0,3 – 2,79',
    '(drawn: out.png)',
    '(a new conversation)',
    '(nothing was said yet)',
    '',
  ])
  expect(status).toBe(0)
  expect(readFileSync(join(folder, 'out.png')).subarray(1, 4).toString()).toBe('PNG')
})

test('--json gives a line of JSON for each answer, and nothing else', async () => {
  const { stdout } = await chat(['Hello', '/regenerate', 'And now?', '/help'], '--json', 'street.png')
  const answers = stdout
    .trimEnd()
    .split('\n')
    .map(line => JSON.parse(line))
  expect(answers).toHaveLength(3)
  for (const answer of answers) {
    expect(answer).toMatchObject({ text: 'A cat', model: 'scripted', boxes: [{ label: 'cat' }], finishReason: 'stop' })
  }
  const [first, again, next] = answers.map(({ usage }) => usage)
  expect(again).toEqual(first) // in place of the first, not after it
  expect(next.promptTokens).toBeGreaterThan(first.promptTokens)
  expect(next.imageTokens).toBe(18)
})

test('a line that fails is said and forgotten; the conversation goes on, and ends with status 1', async () => {
  const { status, stdout, stderr } = await chat(
    ['/picture nowhere.png', '/nonsense', '/regenerate', '/draw out.gif', 'x'.repeat(500), 'Hello'],
    ...['--window', '200'],
  )
  expect(stderr.split('\n')).toEqual([
    'qwen-vl: there is no file nowhere.png',
    'qwen-vl: there is no command /nonsense: /help lists them',
    'qwen-vl: there is no question yet to answer again',
    'qwen-vl: there is no answer yet to draw',
    expect.stringMatching(/^qwen-vl: \d{3} tokens of text, window 200: shorten by at least \d+/),
    '',
  ])
  expect(stdout).toBe('A cat\n')
  expect(status).toBe(1)
})

/** Answers of many letters. */
const endless = ['--model', 'babbling', '--temperature', '1', '--max-new-tokens', '900']

test('Ctrl-C stops an answer, and the conversation goes on with what was written', async () => {
  const child = start(['chat', ...endless], { folder })
  const end = ended(child)
  child.stdin.write('Go on\n')
  await written(child, /[a-z]{3}/)
  child.kill('SIGINT')
  await written(child, /\(stopped\)/)
  child.stdin.end('/history\n')
  const { status, stdout, stderr } = await end
  const [answer] = stdout.split('\n')
  expect(stdout).toBe(`${answer}\n(stopped)\nyou: Go on\nmodel: ${answer}\n`)
  expect(stderr).toBe('')
  expect(status).toBe(0)
})

test('Ctrl-C twice ends the conversation: status 130', async () => {
  const child = start(['chat', '--model', 'scripted'], { folder })
  const end = ended(child)
  child.stdin.write('Hello\n/history\n')
  await written(child, /you: Hello\n.*\n/)
  child.kill('SIGINT')
  await written(child, /once more/)
  child.kill('SIGINT')
  const { status, stderr } = await end
  expect(stderr).toBe('qwen-vl: cancelled\n')
  expect(status).toBe(130)
})

test('at a terminal there is a prompt, Ctrl-C stops the answer as a key, and the last line comes back', async context => {
  const child = startInTerminal(context, ['chat', ...endless], { folder })
  const end = ended(child)
  await written(child, /\/help lists more\.\r?\n/)
  child.stdin.write('Go on\r')
  await written(child, /\n[a-z]{3}/)
  child.stdin.write('\u0003')
  await written(child, /\(stopped\)/)
  child.stdin.write('\u001b[A')
  await written(child, /> .*Go on/)
  child.stdin.write('\u0015/quit\r')
  const { status, stdout } = await end
  expect(stdout).toContain('> ')
  expect(status).toBe(0)
})

test.each<[string, string[], string]>([
  ['what is on a.png', ['a.png'], 'what is on'],
  ["'my photos/b c.jpg' read this", ['my photos/b c.jpg'], 'read this'],
  ['"my photos/b c.jpg"', ['my photos/b c.jpg'], ''],
  ['my\\ photos/b\\ c.jpg  and a.png', ['my photos/b c.jpg', 'a.png'], 'and'],
  ['C:\\pictures\\d.webp what?', ['C:\\pictures\\d.webp'], 'what?'],
  ['file:///tmp/e%20f.gif', ['/tmp/e f.gif'], ''],
  ["what's on nowhere.png, and is it 5 o'clock?", [], "what's on nowhere.png, and is it 5 o'clock?"],
  ['what is in notes.txt', [], 'what is in notes.txt'],
])('the pictures in %j', (line, pictures, text) => {
  const there = ['a.png', 'my photos/b c.jpg', 'C:\\pictures\\d.webp', '/tmp/e f.gif', 'notes.txt']
  expect(findPictures(line, path => there.includes(path))).toEqual({ pictures, text })
  expect(existsSync(join(folder, 'nowhere.png'))).toBe(false)
})
