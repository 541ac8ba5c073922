/** The file that a picture thread starts with: takes one order after the other from its port, and answers. */
import { parentPort } from 'node:worker_threads'
import type { PictureAnswer, PictureRequest } from './pictureWorkers.ts'
import { preparePicture } from './preparePicture.ts'

const port = parentPort
if (port === null) throw new Error('pictureWorker.ts is started by pictureWorkers.ts, as a worker')

/** The end of what was asked for: `end` closes the port behind the last answer. */
let last = Promise.resolve()

port.on('message', (request: PictureRequest) => {
  last = last.then(() => answerTo(request))
})

async function answerTo(request: PictureRequest): Promise<void> {
  if (request === 'end') {
    port?.close()
    return
  }
  let answer: PictureAnswer
  try {
    answer = { picture: await preparePicture(request) }
  } catch (error) {
    answer = { error: error instanceof Error ? error.message : String(error) }
  }
  const moved = 'picture' in answer ? [answer.picture.pixels, answer.picture.features] : []
  port?.postMessage(
    answer,
    moved.flatMap(array => (array === undefined ? [] : [array.buffer])),
  )
}
