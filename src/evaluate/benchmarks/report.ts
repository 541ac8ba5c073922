/** The report of an evaluation, in Markdown: figures, what they are of, and how to read them. */
import type { Table } from './table.ts'
import { aimsLine, tableMarkdown } from './tableText.ts'

/** Of a table; `machine` says in a line where it was computed. */
export function reportText(table: Table, machine: string): string {
  const { benchmark, title, model, samples, data, date, identity } = table
  const aims = aimsLine(table)
  const facts: readonly (readonly [string, string])[] = [
    ['model', model],
    ...Object.entries(identity).map(
      ([key, value]) => [key === 'model' ? 'fingerprint of its tensors' : key, value] as const,
    ),
    ['items', samples.toLocaleString('en')],
    ['fingerprint of the items', data],
    ['date', date],
    ['machine', machine],
  ]
  return `# ${benchmark}: ${model}

${benchmark} asks ${title}.${aims === undefined ? '' : ` **${aims}.**`}

${tableMarkdown(table)}
Shares are in percent; CIDEr is its mean times 100, and lies between 0 and 1,000. The interval holds the true figure in 95
of 100 cases: Wilson's where answers are right or wrong, else a bootstrap over items. \`majority\` is what one gets who looks
at nothing and always gives the most frequent right answer, or the mean box${
    table.columns.includes('no picture') ? '; `no picture` is the same model shown plain grey' : ''
  }.

| | |
| --- | --- |
${facts.map(([name, value]) => `| ${name} | ${value.replaceAll('|', '\\|')} |\n`).join('')}
The answers are in \`results.jsonl\`, the figures in \`table.json\`, and the worst answers with their pictures in \`worst.html\`.
`
}
