/**
 * Every case's file, fused and plain, with gradients, passes ONNX's own checker. A check for development: it needs
 * Debian's python3-onnx and is left out, everywhere, where that is not installed.
 */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { cases } from './cases.ts'
import { instantiate } from './instance.ts'

const PYTHON = '/usr/bin/python3'

function hasChecker(): boolean {
  try {
    execFileSync(PYTHON, ['-c', 'import onnx'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

/** Reads one file name a line; prints the name and the complaint for each file that is refused, and at last the count. */
const script = `
import sys, onnx
paths = sys.stdin.read().split()
for path in paths:
    try:
        model = onnx.load(path, load_external_data=False)
        onnx.checker.check_model(model)
        onnx.shape_inference.infer_shapes(model, check_type=True, strict_mode=True)
    except Exception as error:
        print(path, str(error).splitlines()[0])
print(len(paths), 'checked')
`

test('ONNX’s checker accepts every file', { timeout: 120_000 }, context => {
  if (!hasChecker()) return context.skip('needs python3-onnx (a check for development)')
  const folder = mkdtempSync(join(tmpdir(), 'qwen-vl-checker-'))
  try {
    const paths = new Map<string, string>()
    for (const [i, one] of cases.entries()) {
      const { withGradients, weights } = instantiate(one, Array<number>(one.sizes).fill(2), 4)
      for (const fused of [true, false]) {
        const path = join(folder, `${i}.${fused ? 'fused' : 'plain'}.onnx`)
        paths.set(path, `${one.name} (${fused ? 'fused' : 'plain'})`)
        writeFileSync(path, withGradients({ fused }).onnx)
      }
      // The checker wants the files of external data to exist; what is in them does not matter to it.
      for (const name of Object.keys(weights)) writeFileSync(join(folder, name), new Uint8Array(1 << 16))
    }
    const complaints = execFileSync(PYTHON, ['-c', script], {
      cwd: folder,
      input: [...paths.keys()].join('\n'),
      encoding: 'utf8',
    })
    const named = complaints
      .split('\n')
      .filter(Boolean)
      .map(line => line.replace(/^\S+/, path => paths.get(path) ?? path))
    expect(named).toEqual([`${2 * cases.length} checked`])
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})
