/** The file that a Node worker starts with: connects its port to a Service on ONNX Runtime's native engine. */
import { parentPort, workerData } from 'node:worker_threads'
import { toPlainError } from './errors.ts'
import type { WorkerStart } from './nodeChannel.ts'
import { openNodeEngine } from './nodeEngine.ts'
import type { Answer, Request } from './protocol.ts'
import { Service } from './service.ts'

const port = parentPort
if (port === null) throw new Error('nodeWorker.ts is started by node.ts, as a worker')

const { options, busy } = workerData as WorkerStart
try {
  const service = new Service(openNodeEngine(options), options)
  port.on('message', async (request: Request) => {
    const { answer, transfer } = await service.answer(request)
    port.postMessage(answer, transfer)
    Atomics.store(busy, 0, 0)
    Atomics.notify(busy, 0)
    if (request.kind === 'end') port.close()
  })
  // A request that cannot be read would wait for ever: better to die, which the other side sees.
  port.on('messageerror', error => {
    throw error
  })
  port.postMessage({} satisfies Answer)
} catch (error) {
  port.postMessage({ error: toPlainError(error) } satisfies Answer)
  port.close()
}
