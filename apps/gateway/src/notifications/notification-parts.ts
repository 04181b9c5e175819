import { ChannelAdder } from './channel-adder.js';
import { LetterLinks } from './letter-links.js';
import { NotificationReader } from './notification-reader.js';
import { OutsideDecisions } from './outside-decisions.js';

/** What channels, and decisions that come in on their ways, are made of. */
export const NOTIFICATION_PARTS = [NotificationReader, ChannelAdder, OutsideDecisions, LetterLinks];
