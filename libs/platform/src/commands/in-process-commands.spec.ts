import { CommandRegistry } from './command-registry.js';
import { describeCommands } from './describe-commands.fixture.js';
import { InProcessCommands } from './in-process-commands.js';

describeCommands('inside one process', () => {
  const registry = new CommandRegistry();
  return Promise.resolve({
    registry,
    client: new InProcessCommands(registry),
    lonely: new InProcessCommands(new CommandRegistry()),
    close: () => Promise.resolve(),
  });
});
