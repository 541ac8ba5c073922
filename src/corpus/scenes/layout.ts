/**
 * Where things stand in a picture: freely, in rows, in a grid, on the ground. Frames only, squares about the middle of
 * a thing. Knows no kinds and no pixels.
 */
import type { Random } from '../random.ts'

/** The square that a thing fits in, in pixels. */
export interface Frame {
  /** Its middle. */
  readonly x: number
  readonly y: number
  readonly size: number
}

export interface Area {
  readonly width: number
  readonly height: number
}

/** How things are put into a picture: `ground` is free, but in the lower half. */
export type Manner = 'free' | 'row' | 'column' | 'grid' | 'ground'

/** How much of the smaller of two frames is beneath the other: 0 to 1. */
export function overlap(one: Frame, other: Frame): number {
  const reach = (one.size + other.size) / 2
  const smaller = Math.min(one.size, other.size)
  const across = Math.min(smaller, reach - Math.abs(one.x - other.x))
  const down = Math.min(smaller, reach - Math.abs(one.y - other.y))
  return across <= 0 || down <= 0 ? 0 : (across * down) / smaller ** 2
}

/** The smallest frame whose thing is still plain when the picture is seen at 224 × 224: 28 pixels there. */
export const leastSize = ({ width, height }: Area): number => (Math.max(width, height) * 28) / 224

/**
 * A frame for each of `sizes`, in their order, none of which is beneath another by more than `covered`. Where they do not
 * fit they are all made smaller, but not below `leastSize`; undefined where they do not fit even so.
 */
export function layOut(
  random: Random,
  sizes: readonly number[],
  area: Area,
  { manner, covered = 0 }: { readonly manner: Manner; readonly covered?: number },
): Frame[] | undefined {
  const least = leastSize(area)
  for (let shrink = 1; shrink > 0.3; shrink *= 0.9) {
    const fitted = sizes.map(size => Math.max(least, size * shrink))
    const frames =
      manner === 'free' || manner === 'ground'
        ? scatter(random, fitted, area, manner, covered)
        : lineUp(random, fitted, area, manner)
    if (frames !== undefined) return frames
  }
  return undefined
}

function scatter(
  random: Random,
  sizes: readonly number[],
  area: Area,
  manner: 'free' | 'ground',
  covered: number,
): Frame[] | undefined {
  const frames: Frame[] = []
  for (const size of sizes) {
    const free = freeFrame(random, size, area, frames, { covered, top: manner === 'ground' ? 0.5 : 0 })
    if (free === undefined) return undefined
    frames.push(free)
  }
  return frames
}

/** A place for one more frame, its lower edge below `top` (share of the height); undefined where none was found. */
export function freeFrame(
  random: Random,
  size: number,
  { width, height }: Area,
  frames: readonly Frame[],
  { covered, top }: { readonly covered: number; readonly top: number },
): Frame | undefined {
  if (size > width || size > height) return undefined
  for (let attempt = 0; attempt < 24; attempt++) {
    const highest = Math.min(height - size / 2, Math.max(size / 2, top * height - size / 2))
    const frame = {
      x: random.between(size / 2, width - size / 2),
      y: random.between(highest, height - size / 2),
      size,
    }
    if (frames.every(other => overlap(frame, other) <= covered)) return frame
  }
  return undefined
}

/** Cells of a row, a column or a grid, in drawn order, each frame a little off its middle. */
function lineUp(
  random: Random,
  sizes: readonly number[],
  { width, height }: Area,
  manner: 'row' | 'column' | 'grid',
): Frame[] | undefined {
  const count = sizes.length
  const wanted = manner === 'row' ? count : manner === 'column' ? 1 : Math.ceil(Math.sqrt((count * width) / height))
  const columns = Math.min(count, wanted)
  const rows = Math.ceil(count / columns)
  const cellWidth = width / columns
  const cellHeight = height / rows
  if (sizes.some(size => size > cellWidth || size > cellHeight)) return undefined
  const cells = random.sample([...Array(rows * columns).keys()], count).sort((one, other) => one - other)
  const astray = random.pick([0, 0.3, 1])
  const level = manner === 'grid' ? 0 : random.between(-0.5, 0.5)
  return sizes.map((size, index) => {
    const [column, row] = [cells[index]! % columns, Math.floor(cells[index]! / columns)]
    const roomAcross = cellWidth - size
    const roomDown = cellHeight - size
    const x = (column + 0.5) * cellWidth + roomAcross * astray * random.between(-0.5, 0.5)
    const y = (row + 0.5) * cellHeight + roomDown * astray * random.between(-0.5, 0.5)
    const alike = (1 - astray) * level
    return manner === 'row'
      ? { x, y: y + roomDown * alike, size }
      : manner === 'column'
        ? { x: x + roomAcross * alike, y, size }
        : { x, y, size }
  })
}
