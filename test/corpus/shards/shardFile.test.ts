/** One archive on a disk that is full. */
import { existsSync, readdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { DiskSpaceError } from '../../../src/checkpoint/errors.ts'
import { beginShard } from '../../../src/corpus/shards/shardFile.ts'
import { temporaryFolder } from '../files.ts'

test.skipIf(!existsSync('/dev/full'))(
  'a full disk is told with what helps, and nothing is left of the archive',
  async () => {
    const folder = temporaryFolder()
    const path = join(folder, 'shard-00000.tar')
    symlinkSync('/dev/full', `${path}.part-${process.pid}`) // every write to it finds no room
    const shard = await beginShard(path, async written => ({ file: 'shard-00000.tar', ...written }))
    const writing = shard.append(new Uint8Array(2_000_000), 1)
    await expect(writing).rejects.toThrow(DiskSpaceError)
    await expect(writing).rejects.toThrow(
      /the disk was full before .*shard-00000\.tar \(2\.0 MB\) was written: free some space, or name a folder on another disk/,
    )
    await shard.abandon()
    expect(readdirSync(folder)).toEqual([])
  },
)
