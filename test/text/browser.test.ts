/** The same texts, tokens and places in a browser. */
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { build } from 'vite'
import { expect, test } from 'vitest'
import { openPage } from '../browser/harness.ts'
import { root } from '../checkout.ts'
import { needs } from '../requirements.ts'
import { publishedFile, readJson } from './vocabulary.ts'

const { cases } = readJson<{ cases: { text: string; ids_all: number[]; ids_image_st_only: number[] }[] }>(
  'tokenizer.json',
)

test('a page has the reference ids for all reference texts, and the same prompts and boxes', async context => {
  needs(context, 'chromium')
  await using page = await openPage('test/text/page.ts')
  // First, since the engine is loaded once for a page.
  expect(await page.call('failure')).toMatch(/could not be loaded from \/nowhere\.wasm .* pass the address/)
  expect(await page.call('open', new TextDecoder().decode(publishedFile()))).toBe(151860)
  const ids = await page.call(
    'encode',
    cases.map(({ text }) => text),
  )
  expect(ids).toEqual(cases.map(({ ids_all, ids_image_st_only }) => [ids_all, ids_image_st_only]))
  expect(await page.call('ask', '你好')).toMatch(/user\n你好<\|im_end\|>\n<\|im_start\|>assistant\n$/)
  expect(await page.call('boxes', '<box>(1,2),(3,4)')).toEqual([
    { box: { x1: 1, y1: 2, x2: 3, y2: 4 }, raw: [1, 2, 3, 4] },
  ])
})

test('Vite builds a page with it, without plugins, and puts the engine beside it', async () => {
  const outDir = await mkdtemp(join(tmpdir(), 'qwen-vl-text-'))
  try {
    const input = join(root, 'test/text/page.ts')
    await build({
      configFile: false,
      logLevel: 'error',
      root: join(root, 'test/text'),
      build: { outDir, rolldownOptions: { input, preserveEntrySignatures: 'strict' } },
    })
    const built = await readdir(outDir, { recursive: true })
    expect(built.some(path => /tiktoken_bg.*\.wasm$/.test(path))).toBe(true)
  } finally {
    await rm(outDir, { recursive: true, force: true })
  }
})
