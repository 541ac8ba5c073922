/**
 * The engine's own measurements, as a table: operator, calls, milliseconds, share. Reads the lines of ONNX Runtime's
 * profile (a JSON array with one event on each line; a truncated one is still read up to its end). Knows nothing of
 * sessions.
 */
export interface ProfileRow {
  readonly operator: string
  /** Where it ran: `cpu`, `webgpu`, `cuda`. A graph on a device keeps some operators on the CPU. */
  readonly device: string
  readonly calls: number
  readonly ms: number
  /** Of the time of all operators, 0 to 1. */
  readonly share: number
}

export interface Profile {
  /** The most expensive operator first. */
  readonly rows: readonly ProfileRow[]
  readonly runs: number
  /** Whole runs, operators and what lies between them. */
  readonly runMs: number
}

interface Event {
  readonly cat?: string
  readonly name?: string
  /** Microseconds. */
  readonly dur?: number
  readonly args?: { readonly op_name?: string; readonly provider?: string }
}

function parseLine(line: string): Event | undefined {
  try {
    return JSON.parse(line.replace(/,\s*$/, '')) as Event
  } catch {
    return undefined // the brackets of the array, or a line cut off
  }
}

/** The table of one profile file's text. */
export function readProfile(text: string): Profile {
  const rows: Omit<ProfileRow, 'share'>[] = []
  let runs = 0
  let runMs = 0
  for (const line of text.split('\n')) {
    const event = parseLine(line)
    const ms = (event?.dur ?? 0) / 1000
    if (event?.name === 'model_run') {
      runs++
      runMs += ms
    } else if (event?.cat === 'Node' && event.name?.endsWith('_kernel_time')) {
      const device = (event.args?.provider ?? '').replace('ExecutionProvider', '').toLowerCase()
      rows.push({ operator: event.args?.op_name ?? event.name, device, calls: 1, ms })
    }
  }
  return mergeProfiles([{ rows: rows.map(row => ({ ...row, share: 0 })), runs, runMs }])
}

/** One table for several. */
export function mergeProfiles(profiles: readonly Profile[]): Profile {
  const merged = new Map<string, Omit<ProfileRow, 'share'>>()
  for (const { operator, device, calls, ms } of profiles.flatMap(profile => profile.rows)) {
    const key = `${operator} ${device}`
    const row = merged.get(key) ?? { operator, device, calls: 0, ms: 0 }
    merged.set(key, { ...row, calls: row.calls + calls, ms: row.ms + ms })
  }
  const total = [...merged.values()].reduce((sum, row) => sum + row.ms, 0)
  return {
    rows: [...merged.values()]
      .map(row => ({ ...row, share: total > 0 ? row.ms / total : 0 }))
      .sort((a, b) => b.ms - a.ms || (a.operator < b.operator ? -1 : 1)),
    runs: profiles.reduce((sum, profile) => sum + profile.runs, 0),
    runMs: profiles.reduce((sum, profile) => sum + profile.runMs, 0),
  }
}

/** The table as text for a terminal, one operator a line. */
export function formatProfile(profile: Profile): string {
  const total = profile.rows.reduce((sum, row) => sum + row.ms, 0)
  const calls = profile.rows.reduce((sum, row) => sum + row.calls, 0)
  const lines = [
    ['operator', 'device', 'calls', 'ms', 'share'],
    ...profile.rows.map(row => [
      row.operator,
      row.device,
      `${row.calls}`,
      row.ms.toFixed(2),
      `${(row.share * 100).toFixed(1)}%`,
    ]),
    ['all operators', '', `${calls}`, total.toFixed(2), '100.0%'],
    [`${profile.runs} ${profile.runs === 1 ? 'run' : 'runs'}`, '', '', profile.runMs.toFixed(2), ''],
  ]
  const widths = lines[0]!.map((_, column) => Math.max(...lines.map(line => line[column]!.length)))
  return lines
    .map(line => line.map((cell, i) => (i < 2 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!))).join('  '))
    .map(line => line.trimEnd())
    .join('\n')
}
