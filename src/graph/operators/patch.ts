/** Pictures as sequences: cutting into patches, and fitting a grid of positions to another number of patches. */
import type { Dimension } from '../dimension.ts'
import { constant } from '../leaf.ts'
import { apply, type Operator, refuse } from '../operator.ts'
import type { Tensor } from '../tensor.ts'
import { matmul } from './matmul.ts'
import { flatten, reshape, transpose } from './reshape.ts'

interface Geometry {
  readonly batch: Dimension
  readonly channels: number
  readonly rows: number
  readonly columns: number
  readonly patch: number
  readonly width: number
}

function geometry(inputs: readonly Tensor[]): Geometry {
  const [pixels, weight] = inputs as readonly [Tensor, Tensor]
  if (pixels.rank !== 4 || weight.rank !== 4)
    refuse(
      'patchEmbedding',
      inputs,
      'needs pixels [batch, channels, height, width] and a weight [width, channels, patch, patch]',
    )
  const [batch, channels, height, across] = pixels.shape as [Dimension, Dimension, Dimension, Dimension]
  const [width, weightChannels, patch, patchAcross] = weight.shape as [number, number, number, number]
  if (channels !== weightChannels)
    refuse('patchEmbedding', inputs, `the pixels have ${channels} channels, the weight ${weightChannels}`)
  if (patch !== patchAcross) refuse('patchEmbedding', inputs, 'the patches must be square')
  if (typeof height !== 'number' || typeof across !== 'number' || height % patch !== 0 || across % patch !== 0) {
    refuse('patchEmbedding', inputs, `height and width must be multiples of the patch size ${patch}`)
  }
  return { batch, channels: weightChannels, rows: height / patch, columns: across / patch, patch, width }
}

const patchEmbeddingOperator: Operator<undefined> = {
  name: 'patchEmbedding',
  infer(inputs) {
    const { batch, rows, columns, width } = geometry(inputs)
    return [{ type: (inputs[0] as Tensor).type, shape: [batch, rows * columns, width] }]
  },
  decompose(inputs) {
    const { batch, channels, rows, columns, patch } = geometry(inputs)
    const cut = reshape(inputs[0] as Tensor, [batch, channels, rows, patch, columns, patch])
    const patches = flatten(transpose(cut, [0, 2, 4, 1, 3, 5]), 3) // [batch, rows, columns, channels·patch·patch]
    return [flatten(matmul(patches, flatten(inputs[1] as Tensor, 1), { transposeB: true }), 1, 2)]
  },
  onnx(emit, [pixels, weight], { inputs }) {
    const { batch, rows, columns, patch, width } = geometry(inputs)
    const grid = emit.node('Conv', [pixels as string, weight as string], {
      strides: [patch, patch],
      kernel_shape: [patch, patch],
    })
    const flat = emit.reshape(grid, [batch, width, rows, columns], [batch, width, rows * columns])
    return [emit.node('Transpose', [flat], { perm: [0, 2, 1] })]
  },
}

/**
 * Cuts pictures into square patches and projects each: a convolution whose stride is its kernel, without bias.
 * pixels [batch, channels, height, width], weight [out, channels, patch, patch] → [batch, patches, out], rows of patches
 * from the top, each from the left.
 */
export const patchEmbedding = (pixels: Tensor, weight: Tensor): Tensor =>
  apply(patchEmbeddingOperator, [pixels, weight], undefined)

/** Cubic convolution with PyTorch's a = -0.75 (Keys 1981): the weight of a sample at a distance. */
function cubic(distance: number, a = -0.75): number {
  const x = Math.abs(distance)
  if (x <= 1) return ((a + 2) * x - (a + 3)) * x * x + 1
  return x < 2 ? ((a * x - 5 * a) * x + 8 * a) * x - 4 * a : 0
}

/**
 * What bicubic interpolation does along one axis, as a matrix [to, from]: half-pixel centres, four taps, positions
 * beyond the edge read the edge. Source: PyTorch `upsample_bicubic2d` with `align_corners=False`, no antialias.
 */
function interpolationMatrix(from: number, to: number): Tensor {
  const matrix = new Float32Array(to * from)
  for (let row = 0; row < to; row++) {
    // The original works these out in float32.
    const centre = Math.fround(Math.fround(from / to) * (row + 0.5) - 0.5)
    const left = Math.floor(centre)
    for (let tap = left - 1; tap <= left + 2; tap++) {
      const column = Math.min(Math.max(tap, 0), from - 1)
      const at = row * from + column
      matrix[at] = (matrix[at] as number) + cubic(centre - tap)
    }
  }
  return constant(matrix, [to, from])
}

/**
 * Fits a grid to another size by bicubic interpolation: PyTorch's `interpolate(mode='bicubic', align_corners=False)`,
 * a = -0.75, half-pixel centres, no antialias. The identity when the size is the same.
 * grid [rows, columns, channels] → [size.rows, size.columns, channels]
 */
export function resizeBicubic(grid: Tensor, size: { rows: number; columns: number }): Tensor {
  const [rows, columns, channels] = grid.shape
  if (grid.rank !== 3 || typeof rows !== 'number' || typeof columns !== 'number' || channels === undefined) {
    refuse('resizeBicubic', [grid], 'needs a grid [rows, columns, channels] of known size')
  }
  const across = columns === size.columns ? grid : matmul(interpolationMatrix(columns, size.columns), grid) // [rows, columns', channels]
  if (rows === size.rows) return across
  const down = matmul(interpolationMatrix(rows, size.rows), flatten(across, 1)) // [rows', columns'·channels]
  return reshape(down, [size.rows, size.columns, channels])
}
