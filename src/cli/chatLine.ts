/** One line of a conversation: a command, pictures, a question. */
import type { Piece } from '../generate/answerStream.ts'
import { commandHelp } from './chatHelp.ts'
import type { Conversation, Reply } from './conversation.ts'
import { UsageError } from './failure.ts'
import { checkOutput, drawings, openPictures } from './opening.ts'
import { findPictures } from './picturePaths.ts'
import { endingNote, placeLines, printable, secondsSince, TextWriter } from './printing.ts'

/** What a line works on. */
export interface Session {
  readonly conversation: Conversation
  /** The model, as the person named it. */
  readonly name: string
  readonly json: boolean
  /** Tells the person something that is no answer. */
  readonly say: (text: string) => void
  /** Does something that Ctrl-C stops. */
  readonly during: <T>(work: (signal: AbortSignal) => Promise<T>) => Promise<T>
}

/** Does what a line says. Throws what went wrong; the conversation goes on. */
export async function runLine(line: string, session: Session): Promise<'quit' | undefined> {
  const [, command, rest = ''] = /^\s*\/([a-z]+)(?:\s+(.*?))?\s*$/.exec(line) ?? []
  // A path may begin with a slash as commands do.
  if (command === undefined || (!(command in commands) && findPictures(line).pictures.length > 0)) {
    await askLine(line, session)
    return undefined
  }
  const run = Object.hasOwn(commands, command) ? commands[command] : undefined
  if (run === undefined) throw new UsageError(`there is no command /${command}: /help lists them`)
  return run(rest, session)
}

type LineCommand = (rest: string, session: Session) => Promise<'quit' | undefined> | 'quit' | undefined

const commands: Readonly<Record<string, LineCommand>> = {
  async picture(path, session) {
    if (path === '') throw new UsageError('/picture needs a path: /picture street.jpg')
    await addPicture(path.replace(/^(['"])(.*)\1$/, '$2'), session)
    return undefined
  },
  history(_, { conversation, say }) {
    if (conversation.turns.length === 0) say('(nothing was said yet)\n')
    for (const { pictures, question, reply } of conversation.turns) {
      const shown = pictures.map(({ name }) => `[${name}] `).join('')
      say(`you: ${shown}${question}\nmodel: ${printable(reply)}\n`)
    }
    return undefined
  },
  clear(_, { conversation, say }) {
    conversation.clear()
    say('(a new conversation)\n')
    return undefined
  },
  async regenerate(_, session) {
    await answerWith(session, (signal, onPiece) => session.conversation.again(signal, onPiece))
    return undefined
  },
  async draw(path, { conversation: { last }, say }) {
    if (path === '') throw new UsageError('/draw needs a file: /draw boxes.png')
    if (last === undefined) throw new Error('there is no answer yet to draw')
    await checkOutput(path, drawings)
    await last.draw(path)
    say(`(drawn: ${path})\n`)
    return undefined
  },
  help(_, { say }) {
    say(commandHelp)
    return undefined
  },
  quit: () => 'quit',
  exit: () => 'quit',
}

async function addPicture(path: string, { conversation, say, during }: Session): Promise<void> {
  const [picture] = await during(signal => openPictures([path], signal))
  if (!picture) return
  conversation.add({ name: path, picture })
  say(`(picture: ${path}, ${picture.width}×${picture.height})\n`)
}

async function askLine(line: string, session: Session): Promise<void> {
  const { pictures, text } = findPictures(line)
  for (const path of pictures) await addPicture(path, session)
  if (text === '') return
  await answerWith(session, (signal, onPiece) => session.conversation.ask(text, signal, onPiece))
}

async function answerWith(
  { name, json, say, during }: Session,
  answer: (signal: AbortSignal, onPiece: (piece: Piece) => void) => Promise<Reply | undefined>,
): Promise<void> {
  const writer = new TextWriter()
  const start = performance.now()
  const show = (piece: Piece) => (json ? undefined : writer.add(piece.text))
  const reply = await during(signal => answer(signal, show)).finally(() => writer.end())
  if (reply === undefined) throw new Error('there is no question yet to answer again')
  const seconds = secondsSince(start)
  if (json) {
    const { kind, ...stopped } = reply
    const told = kind === 'answer' ? reply.answer.toJSON() : { ...stopped, finishReason: 'cancelled' }
    process.stdout.write(`${JSON.stringify({ ...told, model: name, seconds })}\n`)
  } else if (reply.kind === 'stopped') say('(stopped)\n')
  else {
    for (const place of placeLines(reply.answer)) say(`${place}\n`)
    const note = endingNote(reply.answer)
    if (note !== undefined) process.stderr.write(`${note}\n`)
  }
}
