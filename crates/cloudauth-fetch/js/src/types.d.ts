/** Options of a client. Times are in milliseconds. */
export interface ClientOptions {
    /** The access key. On a platform, keep it in a secret of the deployment. */
    accessKeyId: string;
    accessKeySecret: string;
    /** Of temporary credentials. */
    securityToken?: string;
    /** A RAM role that is assumed with the key, `acs:ram::<account>:role/<name>`, and again before it expires. */
    roleArn?: string;
    /** Its name in logs; "cloudauth-fetch" by default. */
    roleSessionName?: string;
    /** The URL of STS; `https://sts.aliyuncs.com` by default. */
    stsEndpoint?: string;
    /** URLs of endpoints, in order of preference; Shanghai, then Beijing, by default. */
    endpoints?: string[];
    /** 10 000 by default. Together with the next one, the time of an attempt. */
    connectTimeout?: number;
    /** 10 000 by default. */
    readTimeout?: number;
    /** The time of a call with all its attempts; 30 000 by default. */
    totalTimeout?: number;
    /** The largest response in bytes; 10 MiB by default. */
    responseLimit?: number;
}

/** Options of a call. Times are in milliseconds. */
export interface CallSettings {
    /** The `endpoint` of the reply that opened the verification. */
    origin?: string;
    /** The time of the call with all its attempts. */
    totalTimeout?: number;
    /** The time after which a query that has no response is also sent to another endpoint. */
    hedgeAfter?: number;
}

/** The reply of an operation. */
export interface Reply {
    /** The reply as JSON: the `ResultObject` of most operations. Personal data. */
    json: string;
    /** The endpoint that responded. */
    endpoint: string;
    requestId?: string;
    /** The number of attempts. */
    attempts: number;
}

/** What a call is rejected with, unless an operation or a field does not exist, which is a `TypeError`. */
export interface CallError extends Error {
    name: "CallError";
    /** The code of the service. */
    code?: string;
    requestId?: string;
    /** Whether the operation may have been carried out: then query the service before you pay for it again. */
    mayHaveBeenCarriedOut: boolean;
    /** Whether the same call may succeed a little later, and cannot do harm by that. */
    isRetryable: boolean;
    /** The attempts: endpoint and outcome of each. */
    attempts: string[];
}

/** A client. All requests of a Worker can share one; create it in a handler. */
export class Client {
    constructor(options: ClientOptions);
    /**
     * Calls the operation of this name, such as "InitFaceVerify". Fields have their names on the wire; an object or
     * a list is sent as JSON, and `undefined` and `null` are not sent.
     */
    call(action: string, fields: Record<string, unknown>, settings?: CallSettings): Promise<Reply>;
    /** Replaces the credentials with those in these options, and keeps what is known of the endpoints. */
    setCredentials(options: ClientOptions): void;
    free(): void;
}
