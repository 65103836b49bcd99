const { SysboxRuntime, SystemPod } = require('../../lib/src');

module.exports = [SysboxRuntime, SystemPod];
