/** Products of matrices that are computed by the engine, whatever their sizes. Knows nothing of what they are for. */
import { compile, input, matmul } from '../../graph/index.ts'
import type { Runtime, Session } from '../../runtime/runtime.ts'
import { tensorValue } from '../../runtime/tensor.ts'

export class Product implements AsyncDisposable {
  readonly #session: Session

  private constructor(session: Session) {
    this.#session = session
  }

  static async open(runtime: Runtime): Promise<Product> {
    const a = input('a', 'float32', ['inner', 'rows'])
    const b = input('b', 'float32', ['inner', 'columns'])
    const graph = compile({ product: matmul(a, b, { transposeA: true }) }, { device: runtime.device })
    return new Product(await runtime.openSession(graph))
  }

  /** aᵀ b. a [inner, rows], b [inner, columns] → [rows, columns] */
  async of(a: Float32Array, b: Float32Array, inner: number): Promise<Float32Array> {
    const { product } = await this.#session.run({
      a: tensorValue('float32', [inner, a.length / inner], a),
      b: tensorValue('float32', [inner, b.length / inner], b),
    })
    return product?.data as Float32Array
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#session.dispose()
  }
}
