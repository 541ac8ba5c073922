/** What goes wrong with materials. */

/** Materials that cannot be had or used. The message says which, what is wrong and what to do. */
export class MaterialsError extends Error {
  override readonly name = 'MaterialsError'
}
