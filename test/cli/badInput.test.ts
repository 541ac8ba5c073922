/** Every command with input that it cannot use: one clear line, exit status 1, and no half-written file. */
import { copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { root } from '../checkout.ts'
import { tinyConfigOf, writeScriptedModel } from '../tinyModel.ts'
import { run, testFolder } from './process.ts'

const folder = testFolder()
const path = (name: string) => join(folder, name)

beforeAll(async () => {
  copyFileSync(join(root, 'test/fixtures/golden/A/0.png'), path('street.png'))
  writeFileSync(path('page.png'), '<!DOCTYPE html><html><body>404</body></html>')
  mkdirSync(path('pictures'))
  await writeScriptedModel(path('good'), 'Hi')
  for (const model of ['truncated', 'family', 'web', 'lacking']) {
    mkdirSync(path(model))
    for (const file of readdirSync(path('good'))) copyFileSync(path(`good/${file}`), path(`${model}/${file}`))
  }
  writeFileSync(path('truncated/model.safetensors'), readFileSync(path('good/model.safetensors')).subarray(0, -1000))
  writeFileSync(path('web/model.safetensors'), readFileSync(path('page.png')))
  writeFileSync(path('family/config.json'), JSON.stringify({ ...tinyConfigOf({ layers: 1 }), model_type: 'llama' }))
  writeFileSync(path('lacking/config.json'), JSON.stringify(tinyConfigOf({ layers: 2 })))
})

const ids = `470,${Array(16).fill(472)},471,10`

/** How each command is called with a picture and a model. */
const commands: Readonly<Record<string, (picture: string, model: string) => string[]>> = {
  caption: (picture, model) => ['caption', picture, '--draw', 'out.png', '--model', model],
  ask: (picture, model) => ['ask', picture, 'What?', '--draw', 'out.png', '--model', model],
  locate: (picture, model) => ['locate', picture, 'it', '--draw', 'out.png', '--model', model],
  read: (picture, model) => ['read', picture, '--draw', 'out.png', '--model', model],
  chat: (picture, model) => ['chat', picture, '--model', model],
  trace: (picture, model) => [
    ...['trace', '--prompt-ids', ids, '--image', picture, '--out', 'out.safetensors', '--model', model],
  ],
}

/** Runs a command that must fail, and gives the one line that it says. */
async function failing(args: readonly string[], input = 'What?\n'): Promise<string> {
  const before = readdirSync(folder)
  const { status, stdout, stderr } = await run(args, { folder }, input)
  expect({ stderr, status, stdout }).toMatchObject({ status: 1, stdout: '' })
  expect(stderr).toMatch(/^qwen-vl: [^\n]+\n$/)
  expect(stderr).not.toMatch(/\n\s+at |Error:/)
  expect(readdirSync(folder)).toEqual(before)
  return stderr
}

describe.each(Object.keys(commands))('%s', command => {
  const call = commands[command]!

  test('a picture that is missing, a folder, or a web page', async () => {
    const [missing, directory, page] = await Promise.all([
      failing(call('nowhere.png', 'good')),
      failing(call('pictures', 'good')),
      failing(call('page.png', 'good')),
    ])
    expect(missing).toBe('qwen-vl: there is no file nowhere.png\n')
    expect(directory).toContain('pictures is a directory')
    expect(page).toMatch(/page\.png .*HTML/)
  })

  test('a model that is missing, cut short, a web page, of another family, or not whole', async () => {
    const [missing, truncated, web] = await Promise.all([
      failing(call('street.png', 'nowhere/model')),
      failing(call('street.png', 'truncated')),
      failing(call('street.png', 'web')),
    ])
    expect(missing).toContain('nowhere/model is neither a folder nor in the cache')
    expect(missing).toContain('qwen-vl pull nowhere/model')
    expect(truncated).toMatch(/model\.safetensors: .*cut short/)
    expect(web).toMatch(/model\.safetensors: it is an HTML or XML page/)
    const [family, lacking] = await Promise.all([
      failing(call('street.png', 'family')),
      failing(call('street.png', 'lacking')),
    ])
    expect(family).toMatch(/config\.json: model_type is "llama", not "qwen": this is not a Qwen-VL model/)
    expect(lacking).toMatch(
      /missing \(20\): transformer\.visual\.transformer\.resblocks\.1\.ln_1\.weight \[32\]; .*and more; --debug lists them/,
    )
  })

  test('more than fits into the window: says how many tokens of what', async () => {
    const line = await failing([...call('street.png', 'good'), '--window', '18'])
    expect(line).toMatch(/1 picture = 18 tokens.*window 18.*raise it with --window/)
  })
})

test('inspect: the same checkpoints, each in one line', async () => {
  const [missing, truncated, web, family] = await Promise.all(
    ['nowhere/model', 'truncated', 'web', 'family'].map(model => failing(['inspect', model])),
  )
  expect(missing).toContain('neither a folder nor in the cache')
  expect(truncated).toContain('cut short')
  expect(web).toContain('HTML')
  expect(family).toContain('not a Qwen-VL model')
  expect(await failing(['inspect', 'pictures'])).toContain('pictures holds no checkpoint')
  expect(await failing(['inspect', 'street.png'])).toContain('street.png is no checkpoint')
})

test('inspect shows a checkpoint that is not whole, and says what is missing', async () => {
  const { status, stdout, stderr } = await run(['inspect', 'lacking'], { folder })
  expect(stdout).toContain('it cannot be run as it is')
  expect(stderr).toMatch(/^qwen-vl: lacking is no checkpoint of this model: missing \(\d+\): [^\n]+\n$/)
  expect(status).toBe(1)
})

test('a long text: says by how much to shorten it', async () => {
  const line = await failing(['ask', 'street.png', 'x'.repeat(2000), '--model', 'good'])
  expect(line).toMatch(/1 picture = 18 tokens and \d{4} of text make \d{4}, window 1024/)
  const trace = ['trace', '--prompt', 'x'.repeat(2000), '--out', 'out.safetensors', '--model', 'good']
  expect(await failing(trace)).toMatch(/2000 tokens of text, window 1024: shorten by at least 97\d/)
})

test('more pictures than fit: says the arithmetic', async () => {
  const pictures = Array<string>(9).fill('street.png')
  const line = await failing(['ask', ...pictures, 'Which?', '--window', '150', '--model', 'good'])
  expect(line).toMatch(/9 pictures = 162 tokens, window 150: at most \d fit \(18 tokens each\)/)
})

test('places to write to that are none: said before a model is loaded', async () => {
  const draw = (file: string) => ['caption', 'street.png', '--draw', file, '--model', 'nowhere/model']
  expect(await failing(draw('nowhere/out.png'))).toContain('there is no folder nowhere')
  mkdirSync(path('folder.png'))
  expect(await failing(draw('folder.png'))).toContain('folder.png is a folder')
})

test('--debug shows where an error comes from', async () => {
  const { status, stderr } = await run(['caption', 'nowhere.png', '--model', 'good', '--debug'], { folder })
  expect(stderr).toMatch(/there is no file nowhere\.png\n\s+at /)
  expect(status).toBe(1)
})
