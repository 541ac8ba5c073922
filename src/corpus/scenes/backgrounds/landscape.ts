/** Land and sky: hills, the sea, a beach, snow, a desert. Nothing that scenes are asked about. */
import type { Random } from '../../random.ts'
import { ink, type Painter, type Pen } from './pen.ts'
import { drawSky } from './sky.ts'
import { grains, grass, water } from './textures.ts'

/** A soft ridge across the picture, filled down to `bottom`. */
function ridge(
  pen: Pen,
  random: Random,
  width: number,
  top: number,
  rise: number,
  bottom: number,
  colour: string,
): void {
  const wave = random.between(0.6, 2.2)
  const start = random.between(0, 2 * Math.PI)
  pen.fillStyle = colour
  pen.beginPath()
  pen.moveTo(0, bottom)
  for (let step = 0; step <= 24; step++) {
    const along = start + (step / 24) * wave * 2 * Math.PI
    pen.lineTo((width * step) / 24, top - rise * (0.5 + 0.35 * Math.sin(along) + 0.15 * Math.sin(along * 2.7)))
  }
  pen.lineTo(width, bottom)
  pen.fill()
}

export const drawLandscape: Painter = (pen, random, width, height) => {
  const horizon = height * random.between(0.4, 0.68)
  drawSky(pen, random, width, horizon + 1)
  const ground = [0, horizon, width, height - horizon] as const
  const place = random.weighted({ hills: 3, sea: 2, beach: 1.5, snow: 1.5, desert: 1.5 })
  const far = {
    hills: ink(random.between(0.55, 0.75), 0.07, random.between(130, 190)),
    sea: undefined,
    beach: undefined,
    snow: ink(random.between(0.8, 0.92), 0.02, 250),
    desert: ink(random.between(0.65, 0.8), 0.08, random.between(50, 75)),
  }[place]
  if (far !== undefined) ridge(pen, random, width, horizon, height * random.between(0.08, 0.3), horizon + 2, far)
  switch (place) {
    case 'hills':
      return grass(pen, random, ground)
    case 'sea':
      return water(pen, random, ground)
    case 'beach': {
      const shore = horizon + (height - horizon) * random.between(0.25, 0.5)
      water(pen, random, [0, horizon, width, shore - horizon])
      return grains(pen, random, [0, shore, width, height - shore], [random.between(0.82, 0.9), 0.06, 85])
    }
    case 'snow':
      return grains(pen, random, ground, [random.between(0.92, 0.98), 0.01, 240])
    case 'desert':
      return grains(pen, random, ground, [
        random.between(0.74, 0.86),
        random.between(0.06, 0.1),
        random.between(65, 85),
      ])
    default:
      place satisfies never
  }
}
