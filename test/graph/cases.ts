/**
 * The operator suite: every operator of the graph in every variant, once. The tests of gradients, of fused forms, of
 * devices and of the ONNX checker all run over this one list; to add an operator is to add its cases here.
 *
 * It runs in Node and in browser pages: it imports the graph and nothing else.
 */
import { arrangementCases } from './cases/arrangement.ts'
import type { OperatorCase } from './cases/define.ts'
import { elementwiseCases } from './cases/elementwise.ts'
import { languageCases } from './cases/language.ts'
import { productCases } from './cases/products.ts'
import { reductionCases } from './cases/reductions.ts'

export type { OperatorCase } from './cases/define.ts'

export const cases: readonly OperatorCase[] = [
  ...elementwiseCases,
  ...productCases,
  ...reductionCases,
  ...arrangementCases,
  ...languageCases,
]
