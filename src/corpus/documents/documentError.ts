/** A picture of text that cannot be made: what was asked of it, and what is lacking. Knows no pictures. */
export class DocumentError extends Error {
  override readonly name = 'DocumentError'
}
