/** What goes wrong where scenes are put into words. Knows neither. */

/** A scene or a catalogue that nothing can be said about. The message says what is wrong with which part of it. */
export class WordingError extends Error {
  override readonly name = 'WordingError'
}
