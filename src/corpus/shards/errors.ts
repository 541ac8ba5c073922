/** What can go wrong while a corpus is made, beside what is wrong with its recipe. */

/** A folder that cannot take the corpus: something else lies there. The message says what differs and what to do. */
export class CorpusFolderError extends Error {
  override readonly name = 'CorpusFolderError'
}

/** A sample that could not be made. It cannot be left out, since the same recipe has to give the same corpus. */
export class MakingError extends Error {
  override readonly name = 'MakingError'
}
