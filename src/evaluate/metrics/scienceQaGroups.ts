/** The parts of ScienceQA that its official table has a figure for. Knows no answers; figures come from `groups.ts`. */

/** What ScienceQA tells its questions apart by. */
export interface ScienceQaQuestion {
  readonly subject: string
  readonly topic: string
  /** `grade1` … `grade12`. */
  readonly grade: string
  readonly hasText: boolean
  readonly hasImage: boolean
}

/** The groups of the official table (lupantech/ScienceQA, tools/evaluate_acc.py), by its names. */
export function scienceQaGroups({ subject, topic, grade, hasText, hasImage }: ScienceQaQuestion): string[] {
  const groups = ['average', subject.split(' ')[0] as string, topic]
  if (hasText) groups.push('has_text')
  if (hasImage) groups.push('has_image')
  if (!hasText && !hasImage) groups.push('no_context')
  groups.push(Number(grade.replace('grade', '')) <= 6 ? 'grade_1_6' : 'grade_7_12')
  return groups
}
