/** A street: sky, plain fronts of houses, pavement and road. Nothing that scenes are asked about. */
import { clouds, ink, type Painter } from './pen.ts'
import { drawSky } from './sky.ts'

export const drawStreet: Painter = (pen, random, width, height) => {
  const pavement = height * random.between(0.52, 0.68)
  drawSky(pen, random, width, pavement)
  const hazy = random.between(0, 0.5)
  for (let left = -random.between(0, 30); left < width; ) {
    const wide = random.between(0.12, 0.32) * width
    const top = pavement * random.between(0.1, 0.6)
    const lightness = random.between(0.5, 0.85)
    const hue = random.chance(0.7) ? random.between(30, 90) : random.between(200, 280)
    pen.fillStyle = ink(lightness, random.between(0.01, 0.07), hue)
    pen.fillRect(left, top, wide, pavement - top)
    pen.fillStyle = ink(random.chance(0.7) ? lightness - 0.14 : 0.93, 0.03, random.pick([240, 90]))
    const step = Math.max(10, wide / random.int(3, 5))
    for (let down = top + step * 0.4; down < pavement - step * 0.8; down += step * 1.2) {
      for (let across = step * 0.25; across < wide - step * 0.5; across += step) {
        pen.fillRect(left + across, down, step * 0.5, step * 0.65)
      }
    }
    left += wide * random.pick([1, 1, 1.15])
  }
  pen.fillStyle = ink(0.9, 0.02, 230, hazy)
  pen.fillRect(0, 0, width, pavement)
  const kerb = pavement + height * random.between(0.06, 0.14)
  pen.fillStyle = ink(random.between(0.7, 0.85), 0.01, 80)
  pen.fillRect(0, pavement, width, kerb - pavement)
  pen.fillStyle = ink(random.between(0.36, 0.58), 0.008, 270)
  pen.fillRect(0, kerb, width, height - kerb)
  clouds(pen, random, [0, pavement, width, height - pavement], [2, 2], 0.1)
  pen.fillStyle = ink(0.88, random.pick([0, 0.1]), 95, 0.85)
  const line = (kerb + height) / 2
  const dash = width / random.int(4, 7)
  for (let at = random.between(-dash, 0); at < width; at += dash) pen.fillRect(at, line, dash * 0.5, height * 0.014 + 1)
}
