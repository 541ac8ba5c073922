/** The kinds of pages. To add one is a file, and a line here. */
import { card } from './card.ts'
import { label } from './label.ts'
import { menu } from './menu.ts'
import { notice } from './notice.ts'
import type { DrawPage, PageKind } from './page.ts'
import { receipt } from './receipt.ts'
import { table } from './table.ts'
import { ticket } from './ticket.ts'

export { type Page, type PageKind, pageKinds } from './page.ts'

/** What draws the content of each kind. */
export const pages: Readonly<Record<PageKind, DrawPage>> = { receipt, card, notice, table, menu, label, ticket }
