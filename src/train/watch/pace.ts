/** How fast a run goes, and when it will be done: from the times of its latest steps. Knows no clock but the events'. */

/** So many steps are looked back on. */
const remembered = 64

/** Times of the latest steps of one stretch of a run; a stretch begins where the run is started or resumed. */
export class Pace {
  #times: { readonly step: number; readonly time: number }[] = []

  /** A new stretch: what was before says nothing of it. `time` in milliseconds. */
  begin(step: number, time: number): void {
    this.#times = [{ step, time }]
  }

  /** A step has ended. */
  add(step: number, time: number): void {
    this.#times.push({ step, time })
    // The first step of a stretch also loads and compiles: it is forgotten as soon as there are others.
    if (this.#times.length > remembered || this.#times.length === 3) this.#times.shift()
  }

  /** Milliseconds of a step, with all that happens between two of them; undefined before the first. */
  get stepMs(): number | undefined {
    const [first, last] = [this.#times[0], this.#times.at(-1)]
    if (!first || !last || last.step <= first.step) return undefined
    return Math.max(0, last.time - first.time) / (last.step - first.step)
  }

  /** Milliseconds until step `steps` will have been done; undefined before the first step. */
  timeLeft(steps: number): number | undefined {
    const { stepMs } = this
    const last = this.#times.at(-1)
    return stepMs === undefined || !last ? undefined : Math.max(0, steps - last.step) * stepMs
  }
}
