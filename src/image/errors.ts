/** The errors of image/: typed and few. Each message is one line that says what to do, with the numbers. */

/** What is wrong with a picture, for programs: an HTTP server maps it to a status, a loader skips the sample. */
export type PictureProblem =
  | 'missing' // there is no file, or the server has no such page
  | 'not a picture' // an HTML page, a directory, an empty file, text
  | 'unsupported' // a picture in a format that is not read
  | 'corrupt' // damaged or cut off
  | 'too large' // more pixels, bytes or time than the limits allow
  | 'refused' // the call does not allow this file or address
  | 'wrong pixels' // raw pixels, sizes or boxes that do not fit each other

/** A picture could not be had, or what was asked of it makes no sense. `problem` says why, for programs. */
export class PictureError extends Error {
  override readonly name = 'PictureError'
  readonly problem: PictureProblem

  constructor(problem: PictureProblem, message: string, options?: ErrorOptions) {
    super(message, options)
    this.problem = problem
  }
}
