/**
 * Loaded before a program (`node --import`): errors show where they come from in TypeScript. Only our own files are mapped:
 * with `--enable-source-maps` Node reads the maps of every package as well, which is a sixth of what a start takes.
 */
import module from 'node:module';
import './bundled.js';

const settings = { nodeModules: false, generatedCode: false };
if (typeof module.setSourceMapsSupport === 'function') module.setSourceMapsSupport(true, settings);
else process.setSourceMapsEnabled(true); // Node 20
