/** The thread of the small maker. */
import { serveSpans } from '../../../src/corpus/shards/spanThread.ts'
import { type MadeStart, makePlain } from './made.ts'

serveSpans(async (start: MadeStart) => ({ make: index => makePlain(start, index) }))
