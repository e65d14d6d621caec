#!/usr/bin/env node
import '../dist/bundle/streamer.js';
