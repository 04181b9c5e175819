import {
  ChannelAdded,
  ChannelPaused,
  ChannelRemoved,
  ChannelResumed,
  ChannelSecretRotated,
} from '@runledger/contracts';
import type { ChannelEvent } from '@runledger/contracts';
import { specify } from '@runledger/testing';
import { channels } from './channels.decider.js';
import type { Added, ChannelCommand } from './channels.decider.js';

const at = '2026-11-21T10:00:00.000Z';
const by = { kind: 'member', id: 'mem_ada' } as const;
const channelId = 'chn_1';
const added = (more: Partial<Added> = {}): Added => ({
  ...{
    channelId,
    name: 'Ops',
    kind: 'WEBHOOK',
    settings: { url: 'https://ops.example' },
    about: ['GATE'],
    by,
    addedAt: at,
  },
  ...more,
});
const add = (more: Partial<Added> = {}): ChannelCommand => ({ type: 'Add', data: added(more), problems: [] });
const known = ChannelAdded(added());
const pause: ChannelCommand = { type: 'Pause', data: { channelId, by, pausedAt: at } };
const resume: ChannelCommand = { type: 'Resume', data: { channelId, by, resumedAt: at } };
const rotate: ChannelCommand = { type: 'RotateSecret', data: { channelId, previousUntil: at, by, rotatedAt: at } };
const remove: ChannelCommand = { type: 'Remove', data: { channelId, by, removedAt: at } };
const given = specify(channels);

describe('a channel', () => {
  it('is added once', () => {
    given().when(add()).thenEmits(known);
    given(known).when(add()).thenEmits();
  });

  it('is not added with particulars that do not fit', () => {
    const problems = [{ path: 'url', message: 'It is no address.' }];
    given().when({ type: 'Add', data: added(), problems }).thenRejects('INVALID_CHANNEL');
  });

  it('is one of a hundred at most; removed ones do not count', () => {
    const hundred = Array.from({ length: 100 }, (_, n) => ChannelAdded(added({ channelId: `chn_a${n}` })));
    given(...hundred)
      .when(add())
      .thenRejects('INVALID_CHANNEL');
    given(...hundred, ChannelRemoved({ channelId: 'chn_a7', by, removedAt: at }))
      .when(add())
      .thenEmits(known);
  });

  it('is paused and resumed, each once', () => {
    const [paused, resumed] = [
      ChannelPaused({ channelId, by, pausedAt: at }),
      ChannelResumed({ channelId, by, resumedAt: at }),
    ];
    given(known).when(pause).thenEmits(paused);
    given(known, paused).when(pause).thenEmits();
    given(known, paused).when(resume).thenEmits(resumed);
    given(known, paused, resumed).when(resume).thenEmits();
  });

  it('gets a new signing secret where its messages are signed by us', () => {
    given(known)
      .when(rotate)
      .thenEmits(ChannelSecretRotated({ channelId, previousUntil: at, by, rotatedAt: at }));
    given(ChannelAdded(added({ kind: 'SLACK' })))
      .when(rotate)
      .thenRejects('NO_SIGNING_SECRET');
  });

  it('stays paused with a new secret, and remembers until when the old one holds', () => {
    const paused = ChannelPaused({ channelId, by, pausedAt: at });
    const rotated = ChannelSecretRotated({ channelId, previousUntil: at, by, rotatedAt: at });
    const after = (...events: readonly ChannelEvent[]) =>
      events.reduce((book, event) => channels.evolve(book, event), channels.initialState()).get(channelId);
    expect(after(known)).toEqual({ ...added(), state: 'open' });
    expect(after(known, rotated)).toEqual({ ...added(), state: 'open', rotated: rotated.data });
    expect(after(known, rotated, paused)).toEqual({ ...added(), state: 'paused', rotated: rotated.data });
    expect(after(known, paused, rotated)).toEqual({ ...added(), state: 'paused', rotated: rotated.data });
    expect(after(paused)).toBeUndefined();
  });

  it('is refused with the first thing that is wrong, and how to put it right', () => {
    const problems = [
      { path: 'url', message: 'It is no address.', fix: 'Give one.' },
      { path: 'name', message: 'x' },
    ];
    const command = { type: 'Add', data: added(), problems } as const;
    expect(channels.decide(command, new Map())).toMatchObject({
      message: 'It is no address.',
      fix: 'Give one.',
      details: problems,
    });
    const bare = { ...command, problems: problems.slice(1) };
    expect(channels.decide(bare, new Map())).not.toHaveProperty('fix');
  });

  it('is removed for good', () => {
    const removed = ChannelRemoved({ channelId, by, removedAt: at });
    given(known).when(remove).thenEmits(removed);
    given(known, removed).when(remove).thenEmits();
    for (const command of [pause, resume, rotate]) given(known, removed).when(command).thenRejects('CHANNEL_NOT_FOUND');
  });

  it('has to be there', () => {
    for (const command of [pause, resume, rotate, remove]) given().when(command).thenRejects('CHANNEL_NOT_FOUND');
  });
});
