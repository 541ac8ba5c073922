/** AdamW (arXiv 1711.05101) over plain arrays: all that a small example needs of an optimiser. */

export class AdamW {
  readonly #first = new Map<string, Float32Array>()
  readonly #second = new Map<string, Float32Array>()
  #step = 0

  /** Takes one step: changes every parameter in place by its gradient. Both go by name. */
  step(
    parameters: ReadonlyMap<string, Float32Array>,
    gradients: ReadonlyMap<string, Float32Array>,
    learningRate: number,
    { beta1 = 0.9, beta2 = 0.98, epsilon = 1e-8, decay = 0.01 } = {},
  ): void {
    this.#step++
    const correction1 = 1 - beta1 ** this.#step
    const correction2 = 1 - beta2 ** this.#step
    for (const [name, parameter] of parameters) {
      const gradient = gradients.get(name) as Float32Array
      const first = moments(this.#first, name, parameter.length)
      const second = moments(this.#second, name, parameter.length)
      for (let i = 0; i < parameter.length; i++) {
        const g = gradient[i] as number
        const m = beta1 * (first[i] as number) + (1 - beta1) * g
        const v = beta2 * (second[i] as number) + (1 - beta2) * g * g
        first[i] = m
        second[i] = v
        const value = parameter[i] as number
        const update = m / correction1 / (Math.sqrt(v / correction2) + epsilon)
        parameter[i] = value - learningRate * (update + decay * value)
      }
    }
  }
}

function moments(all: Map<string, Float32Array>, name: string, length: number): Float32Array {
  const known = all.get(name) ?? new Float32Array(length)
  all.set(name, known)
  return known
}
