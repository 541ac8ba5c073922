/**
 * VQA accuracy: an answer is fully right if three of the ten people who were asked gave it.
 *
 * Source: S. Antol et al., arXiv 1505.00468, with the code of GT-Vision-Lab/VQA and its copy in QwenLM/Qwen-VL.
 */
import { type Metric, meanMetric, referencesOf, type TextItem } from './metric.ts'
import { vqaAnswer, vqaLine, withoutPunctuation } from './vqaAnswer.ts'

/**
 * What is made comparable. `qwen-vl`: the model's answer always and wholly, those of people as they were typed, in
 * punctuation only, and only if they disagree; the published figures are computed so. `official`: both wholly, and
 * only if people disagree.
 */
export type VqaRules = 'qwen-vl' | 'official'

/**
 * The mean, over leaving out each person in turn, of `min(others who gave the answer / 3, 1)`. The official scripts
 * round it to a hundredth of a percent, which is left to who prints it.
 */
export function vqaAccuracy(rules: VqaRules = 'qwen-vl'): Metric<TextItem> {
  return meanMetric(rules === 'qwen-vl' ? 'vqa' : 'vqa-official', item => {
    const official = rules === 'official'
    const people = official ? referencesOf(item).map(vqaLine) : referencesOf(item)
    const agree = new Set(people).size === 1
    const answer = official && agree ? vqaLine(item.prediction) : vqaAnswer(item.prediction)
    const given = agree ? people : people.map(official ? vqaAnswer : withoutPunctuation)
    const same = given.filter(each => each === answer).length
    const sum = given.reduce((total, each) => total + Math.min(1, (same - (each === answer ? 1 : 0)) / 3), 0)
    return sum / given.length
  })
}
