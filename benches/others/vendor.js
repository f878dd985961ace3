// CPU time per call of the vendor's TypeScript package.
"use strict";

const cloudauth = require("@alicloud/cloudauth20190307");
const { $OpenApiUtil } = require("@alicloud/openapi-core");

async function main() {
  const calls = Number(process.env.CALLS);
  const client = new cloudauth.default(
    new $OpenApiUtil.Config({
      accessKeyId: "LTAI0EXAMPLEKEYID",
      accessKeySecret: "exampleSecret",
      endpoint: process.env.ADDRESS,
      protocol: "http",
    }),
  );
  const request = new cloudauth.DescribeFaceVerifyRequest({
    sceneId: 1000000006,
    certifyId: "91707dc296d469ad38e4c5efa6a0f24b",
  });
  for (let n = 0; n < 200; n++) await client.describeFaceVerify(request);
  const begun = process.cpuUsage();
  for (let n = 0; n < calls; n++) await client.describeFaceVerify(request);
  const { user, system } = process.cpuUsage(begun);
  console.log("TypeScript SDK".padEnd(44) + ((user + system) / calls).toFixed(1).padStart(12));
  process.exit(0);
}

main().catch((error) => {
  console.error(String(error));
  process.exit(1);
});
