/**
 * Loaded before the command line, it ends the process by SIGKILL (END_BY=kill), or makes the disk full for it
 * (END_BY=full), at the file operation number END_COUNT of those on paths that END_AT, a regular expression, matches. A
 * full disk stays full from then on, for writes to all paths. In JavaScript, since threads of the program load it too.
 */
import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'

const { END_BY, END_AT = '.', END_COUNT = '1' } = process.env
const pattern = new RegExp(END_AT)
let left = Number(END_COUNT)
let isFull = false

/** Called before every operation that changes the disk. */
function count(path) {
  if (left > 0 && pattern.test(String(path)) && --left === 0) {
    if (END_BY === 'kill') process.kill(process.pid, 'SIGKILL')
    isFull = true
  }
}

function refuseIfFull() {
  if (isFull)
    throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC', syscall: 'write' })
}

const { open, writeFile } = fs.promises
for (const [name, named] of Object.entries({ rename: 1, link: 1, rm: 0, mkdir: 0 })) {
  const whole = fs.promises[name]
  fs.promises[name] = async (...given) => {
    count(given[named])
    return whole(...given)
  }
}
fs.promises.open = async (...given) => {
  const handle = await open(...given)
  for (const name of ['write', 'writeFile', 'sync']) {
    const whole = handle[name].bind(handle)
    handle[name] = async (...more) => {
      count(given[0])
      if (name !== 'sync') refuseIfFull()
      return whole(...more)
    }
  }
  return handle
}
fs.promises.writeFile = async (...given) => {
  count(given[0])
  refuseIfFull()
  return writeFile(...given)
}
syncBuiltinESMExports()
