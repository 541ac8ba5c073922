/** The file that a thread of `makeCorpus.ts` starts with: opens what is there of materials, and makes samples of a recipe. */
import sharp from 'sharp'
import { openMaterials } from '../materials/openMaterials.ts'
import { type CorpusKind, openMaker } from './makers.ts'
import { serveSpans } from './spanThread.ts'

/** What it is started with. */
export interface MakerStart {
  readonly kind: CorpusKind
  readonly recipe: unknown
  /** Where materials are. Default: their usual folder. */
  readonly materials: string | undefined
}

// There are as many of these threads as cores already.
sharp.concurrency(1)

serveSpans(async ({ kind, recipe, materials }: MakerStart) => {
  const opened = await openMaterials({ offline: true, ...(materials !== undefined && { folder: materials }) })
  return openMaker(kind, recipe, opened)
})
