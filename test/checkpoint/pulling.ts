/** What the tests of pulling share: a model as it lies on a hub, and a pull of it into an empty cache. */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { type PullEvent, type PullOptions, pull } from '../../src/checkpoint/index.ts'
import { safetensorsFile, temporaryFolder } from './files.ts'
import { type HubServer, sha256 } from './hubServer.ts'

export const weights = safetensorsFile({ a: { dtype: 'U8', shape: [300_000], data_offsets: [0, 300_000] } }, 300_000)
export const config = '{"model_type": "qwen"}'

export const files = {
  '.gitattributes': '*.bin filter=lfs',
  'README.md': '# Model',
  LICENSE: 'Tongyi Qianwen LICENSE AGREEMENT',
  'config.json': config,
  'model.safetensors': weights,
  'modeling_qwen.py': 'import os; os.system("echo")',
  'qwen.tiktoken': 'IQ== 0\n',
  'pytorch_model.bin': 'the same weights again',
  'pytorch_model.bin.index.json': '{}',
  'assets/demo.jpg': 'a picture',
  'assets/config.json': '{}',
  'SimSun.ttf': 'a font',
}

export interface Pulled {
  readonly events: PullEvent[]
  readonly cache: string
  readonly folder: string
}

/** Pulls the model from this server, and gives all that was told. */
export async function pullFrom(server: HubServer, options: PullOptions = {}): Promise<Pulled> {
  const cache = options.cache ?? temporaryFolder()
  const events: PullEvent[] = []
  const quick = { endpoint: server.endpoint, environment: {}, retryDelayMs: 1, cache }
  for await (const event of pull('owner/model', { ...quick, ...options })) events.push(event)
  return { events, cache, folder: join(cache, 'models--owner--model') }
}

export const of = <Type extends PullEvent['type']>(events: readonly PullEvent[], type: Type) =>
  events.filter((event): event is Extract<PullEvent, { type: Type }> => event.type === type)

export const blobs = (folder: string) => readdirSync(join(folder, 'blobs')).sort()
export const weightsBlob = sha256(weights)
