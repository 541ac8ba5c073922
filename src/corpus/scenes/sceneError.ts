/** A scene that cannot be made: what was asked for, and what is lacking. Knows no files. */
export class SceneError extends Error {
  override readonly name = 'SceneError'
}
