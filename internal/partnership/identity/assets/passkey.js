// SPDX-License-Identifier: Apache-2.0
//
// passkey.js: talking to an authenticator. What its pseudo-random function answers opens keys and never leaves this browser: answers for the server are made here, field
// by field, without it.
import { b64, bytesOf, Problem, random, unb64 } from "./bytes.js";
import { prfSalt } from "./root.js";

const url64 = (bytes) => b64(new Uint8Array(bytes)).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
const unurl64 = (text) => unb64(text.replace(/-/g, "+").replace(/_/g, "/"));

// available says whether this browser knows passkeys at all.
export const available = () => typeof globalThis.PublicKeyCredential === "function" && Boolean(navigator.credentials?.create);

const sentences = {
  NotAllowedError: "The passkey was not used: it was canceled, took too long, or this device has none for this site. Nothing was sent.",
  AbortError: "The passkey was not used. Nothing was sent.",
  InvalidStateError: "This device has a passkey for you here already. Use another device, or end that passkey first.",
  SecurityError: "Passkeys do not work at this address. Reach the site by its name, not by a number.",
  NotSupportedError: "This device cannot make the kind of passkey that is needed here.",
  ConstraintError: "This device cannot check that it is you. Set up its PIN, fingerprint or face first.",
};

function explained(error) {
  return new Problem("passkey", sentences[error.name] ?? "This browser could not use a passkey. Nothing was sent.");
}

async function ask(act) {
  if (!available()) throw new Problem("browser", "This browser does not know passkeys. Use a current Chrome, Edge, Firefox or Safari.");
  try {
    return await act();
  } catch (error) {
    throw explained(error);
  }
}

const described = (list) => (list ?? []).map((c) => ({ ...c, id: unurl64(c.id) }));

const prfOf = (credential) => {
  const first = credential.getClientExtensionResults().prf?.results?.first;
  return first ? new Uint8Array(first) : null;
};

// makePasskey makes one as the server's options say: {answer, credential, prf}. prf is null where the authenticator cannot open keys. Most authenticators tell their
// secret only when the new passkey is used, so it is used once, at once.
export async function makePasskey(options, program) {
  const salt = await prfSalt(program);
  const made = await ask(() => navigator.credentials.create({
    publicKey: {
      ...options, challenge: unurl64(options.challenge), user: { ...options.user, id: unurl64(options.user.id) },
      excludeCredentials: described(options.excludeCredentials), extensions: { prf: { eval: { first: salt } } },
    },
  }));
  const credential = new Uint8Array(made.rawId);
  let prf = prfOf(made);
  if (!prf && made.getClientExtensionResults().prf?.enabled) prf = (await usePasskey(program, [credential])).prf;
  return { answer: created(made), credential, prf };
}

function created(made) {
  return {
    id: made.id, rawId: url64(made.rawId), type: made.type, clientExtensionResults: {},
    response: { clientDataJSON: url64(made.response.clientDataJSON), attestationObject: url64(made.response.attestationObject), transports: made.response.getTransports?.() ?? [] },
  };
}

// answerPasskey answers the server's options: {answer, credential, prf}.
export async function answerPasskey(options, program) {
  const salt = await prfSalt(program);
  const used = await ask(() => navigator.credentials.get({
    publicKey: { ...options, challenge: unurl64(options.challenge), allowCredentials: described(options.allowCredentials), extensions: { prf: { eval: { first: salt } } } },
  }));
  const { clientDataJSON, authenticatorData, signature, userHandle } = used.response;
  const answer = {
    id: used.id, rawId: url64(used.rawId), type: used.type, clientExtensionResults: {},
    response: { clientDataJSON: url64(clientDataJSON), authenticatorData: url64(authenticatorData), signature: url64(signature), userHandle: userHandle ? url64(userHandle) : "" },
  };
  return { answer, credential: new Uint8Array(used.rawId), prf: prfOf(used) };
}

// usePasskey asks one of these passkeys for its secret alone: the answer proves nothing to anybody and is dropped.
export async function usePasskey(program, credentials) {
  const salt = await prfSalt(program);
  const used = await ask(() => navigator.credentials.get({
    publicKey: {
      challenge: random(32), userVerification: "required", timeout: 300000, extensions: { prf: { eval: { first: salt } } },
      allowCredentials: credentials.map((c) => ({ type: "public-key", id: bytesOf(c) })),
    },
  }));
  return { credential: new Uint8Array(used.rawId), prf: prfOf(used) };
}
