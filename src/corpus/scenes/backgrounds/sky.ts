/** The sky over streets and landscapes, at some hour. No sun and no clouds with an edge: those are things of their own. */
import { clouds, ink, type Painter } from './pen.ts'

export const drawSky: Painter = (pen, random, width, height) => {
  const hour = random.weighted({ day: 5, pale: 2, evening: 1.5, night: 0.8 })
  const skies: Readonly<Record<typeof hour, readonly [top: string, bottom: string]>> = {
    day: [ink(random.between(0.65, 0.82), random.between(0.08, 0.13), 240), ink(0.92, 0.04, 225)],
    pale: [ink(random.between(0.8, 0.9), 0.02, 240), ink(0.95, 0.01, 240)],
    evening: [ink(random.between(0.5, 0.7), 0.1, random.between(250, 310)), ink(0.85, 0.1, random.between(45, 75))],
    night: [ink(random.between(0.16, 0.28), 0.06, 270), ink(0.42, 0.08, 275)],
  }
  const [top, bottom] = skies[hour]
  const gradient = pen.createLinearGradient(0, 0, 0, height)
  gradient.addColorStop(0, top)
  gradient.addColorStop(1, bottom)
  pen.fillStyle = gradient
  pen.fillRect(0, 0, width, height)
  if (random.chance(0.5)) clouds(pen, random, [0, 0, width, height], [width / 4, height / 7], 0.14)
}
