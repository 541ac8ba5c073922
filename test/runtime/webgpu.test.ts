import { expect, test } from 'vitest'
import { compile, gather, input, layerNorm, linear, scope, softmax } from '../../src/graph/index.ts'
import { availableDevices, type Device, openRuntime, tensorValue } from '../../src/runtime/node.ts'
import { needs } from '../requirements.ts'
import { numbers } from './graphs.ts'

const wave = (length: number) => Float32Array.from({ length }, (_, i) => Math.sin(i))

function graph() {
  const model = scope()
  const x = gather(model.parameter('table', [16, 8]), input('index', 'int64', ['batch', 'sequence'])) // [B, T, 8]
  const y = layerNorm(x, model.parameter('scale', [8]), model.parameter('shift', [8]), 1e-5)
  return compile({ x, y: softmax(linear(y, model.parameter('weight', [8, 8]))) })
}

const weights = {
  table: tensorValue('float32', [16, 8], wave(128)),
  scale: tensorValue('float32', [8], wave(8)),
  shift: tensorValue('float32', [8], wave(8)),
  weight: tensorValue('float32', [8, 8], wave(64)),
}

async function answer(device: Device) {
  await using runtime = await openRuntime({ device, checkNumerics: true })
  await using session = await runtime.openSession(graph(), { weights })
  const into = runtime.allocate([{ name: 'y', type: 'float32', shape: [1, 4, 8] }])
  const answer = await session.run({ index: tensorValue('int64', [1, 4], [3, 1, 4, 15]) }, { into })
  return { x: numbers(answer['x']), y: numbers(answer['y']) }
}

test('WebGPU computes what the CPU computes', async context => {
  process.env['VK_ICD_FILENAMES'] = needs(context, 'vulkan-swiftshader')
  const [cpu, webgpu] = [await answer('cpu'), await answer('webgpu')]
  expect(webgpu.x).toEqual(cpu.x)
  for (const [i, value] of cpu.y.entries()) expect(webgpu.y[i]).toBeCloseTo(value, 5)
  expect(await availableDevices()).toEqual(['cpu', 'webgpu'])
})
