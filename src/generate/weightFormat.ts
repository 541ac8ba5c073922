/** The formats that weights can be computed in, by name. Apart from what does it, so that an option can list them. */

/** What the linear layers of the language model can be computed with; everything else is float32. */
export const weightFormats = ['float32', 'int8', 'int4'] as const

export type WeightFormat = (typeof weightFormats)[number]
