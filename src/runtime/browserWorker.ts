/** The file that a web worker starts with: connects its messages to a Service on ONNX Runtime's WebAssembly engine. */
import { openBrowserEngine } from './browserEngine.ts'
import { toPlainError } from './errors.ts'
import type { Answer, EngineOptions, Request } from './protocol.ts'
import { Service } from './service.ts'

/** What this file needs of a worker's global scope. */
interface Scope {
  onmessage: ((event: { readonly data: unknown }) => void) | null
  postMessage(answer: Answer, transfer?: ArrayBuffer[]): void
}

const scope = globalThis as unknown as Scope

/** The first message says how to start the engine; all others are requests. */
scope.onmessage = async ({ data }) => {
  const options = data as EngineOptions
  try {
    const service = new Service(await openBrowserEngine(options), options)
    scope.onmessage = async ({ data }) => {
      const { answer, transfer } = await service.answer(data as Request)
      scope.postMessage(answer, transfer)
    }
    scope.postMessage({})
  } catch (error) {
    scope.postMessage({ error: toPlainError(error) })
  }
}
