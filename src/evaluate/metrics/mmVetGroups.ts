/**
 * The parts of MM-Vet: capabilities and their combinations. The scores of its answers come from a judge, elsewhere.
 *
 * Source: MMVet_acc of open-compass/VLMEvalKit, vlmeval/dataset/utils/mmvet.py.
 */

/**
 * `rec,ocr` → `rec`, `ocr`, `rec_ocr` and `Overall`. A question of one capability is in its group twice, as capability and
 * as combination: the reference counts so.
 */
export function mmVetGroups(capabilities: string): string[] {
  const each = capabilities.split(',')
  return [...each, each.join('_'), 'Overall']
}
