/** Work on many items at once whose results are wanted one after the other. Knows no items. */

/**
 * What `work` makes of each item, in their order, with at most `most` under way. Throws what it throws at the item's turn.
 */
export async function* inOrder<Item, Result>(
  items: Iterable<Item> | AsyncIterable<Item>,
  most: number,
  work: (item: Item) => Promise<Result>,
): AsyncGenerator<Result> {
  const underWay: Promise<Result>[] = []
  for await (const item of items) {
    const result = work(item)
    result.catch(() => {}) // told when its turn comes, if it comes
    underWay.push(result)
    if (underWay.length >= most) yield await (underWay.shift() as Promise<Result>)
  }
  for (const result of underWay) yield await result
}
