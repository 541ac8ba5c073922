/** A room: a wall, a floor, and perhaps skirting, a carpet, a shelf or a table top. No things that scenes are asked about. */
import { clouds, ink, type Painter } from './pen.ts'
import { groundColour } from './plain.ts'
import { bricks, wood } from './textures.ts'

export const drawRoom: Painter = (pen, random, width, height) => {
  const floor = height * random.between(0.55, 0.8)
  const [lightness, chroma, hue] = groundColour(random)
  const light = Math.max(0.55, lightness)
  if (random.chance(0.15)) bricks(pen, random, [0, 0, width, floor])
  else {
    pen.fillStyle = ink(light, chroma * 0.7, hue)
    pen.fillRect(0, 0, width, floor)
    if (random.chance(0.35)) {
      pen.fillStyle = ink(light - 0.05, chroma * 0.7, hue)
      const step = random.between(14, 50)
      for (let at = 0; at < width; at += step) pen.fillRect(at, 0, step * random.pick([0.1, 0.5]), floor)
    }
    if (random.chance(0.5)) clouds(pen, random, [0, 0, width, floor], [width / 2, floor / 2], 0.18)
  }
  if (random.chance(0.55)) wood(pen, random, [0, floor, width, height - floor], random.chance(0.3))
  else if (random.chance(0.5)) bricks(pen, random, [0, floor, width, height - floor], true)
  else {
    pen.fillStyle = ink(random.between(0.4, 0.8), random.between(0, 0.08), random.between(0, 360))
    pen.fillRect(0, floor, width, height - floor)
    clouds(pen, random, [0, floor, width, height - floor], [2, 2], 0.12)
  }
  if (random.chance(0.6)) {
    pen.fillStyle = random.chance(0.6) ? ink(0.97, 0.005, 80) : ink(light - 0.2, chroma * 0.5, hue)
    pen.fillRect(0, floor - height * 0.03, width, height * 0.03)
  }
  const extra = random.weighted({ none: 2, panes: 1.2, shelf: 1, carpet: 1, corner: 1 })
  if (extra === 'panes') {
    const wide = width * random.between(0.2, 0.34)
    const tall = floor * random.between(0.35, 0.55)
    const left = random.between(0.05, 0.95) * (width - wide)
    const top = floor * random.between(0.08, 0.25)
    const sky = pen.createLinearGradient(0, top, 0, top + tall)
    sky.addColorStop(0, ink(random.between(0.75, 0.88), 0.06, 235))
    sky.addColorStop(1, ink(0.95, 0.02, 230))
    pen.fillStyle = ink(0.96, 0.005, 80)
    pen.fillRect(left - 5, top - 5, wide + 10, tall + 10)
    pen.fillStyle = sky
    pen.fillRect(left, top, wide, tall)
    pen.fillStyle = ink(0.96, 0.005, 80)
    pen.fillRect(left + wide / 2 - 2, top, 4, tall)
    pen.fillRect(left, top + tall / 2 - 2, wide, 4)
  } else if (extra === 'shelf') {
    const down = floor * random.between(0.35, 0.6)
    pen.fillStyle = ink(random.between(0.4, 0.75), 0.06, 60)
    pen.fillRect(width * random.between(0, 0.3), down, width * random.between(0.4, 0.7), height * 0.03)
  } else if (extra === 'carpet') {
    pen.fillStyle = ink(random.between(0.4, 0.75), random.between(0.02, 0.12), random.between(0, 360))
    pen.beginPath()
    pen.ellipse(width * random.between(0.35, 0.65), (floor + height) / 2, width * 0.4, (height - floor) * 0.35, 0, 0, 7)
    pen.fill()
  } else if (extra === 'corner') {
    const edge = width * random.between(0.15, 0.4)
    pen.fillStyle = 'rgba(0,0,0,0.12)'
    pen.fillRect(0, 0, edge, floor)
  }
}
