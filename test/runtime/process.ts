/** Run by process.test.ts as a program of its own; its first argument says what it does. */
import { openRuntime, tensorValue } from '../../src/runtime/node.ts'
import { numbers, slow, sumFeeds, sumGraph } from './graphs.ts'

const how = process.argv[2]
if (how === 'missing device') {
  const error = await openRuntime({ device: 'webgpu' }).catch(error => error)
  process.stdout.write(`${error.name} ${error.available}: ${error.message}\n`)
} else {
  const runtime = await openRuntime()
  const long = how === 'pending' || how === 'exit during a run'
  const session = await runtime.openSession(long ? slow.graph() : sumGraph())
  if (how === 'pending') {
    session.run({ x: tensorValue('float32', [1, 1], [1]) }).then(({ y }) => process.stdout.write(`${numbers(y)}\n`))
  } else if (long) {
    session.run(slow.feeds())
    setTimeout(() => process.exit(3), 50)
  } else {
    process.stdout.write(`${numbers((await session.run(sumFeeds([1], [2])))['y'])}\n`)
  }
  if (how === 'disposed') await runtime.dispose()
  if (how === 'exit') process.exit(3)
  if (how === 'thrown') throw new Error('on purpose')
}
