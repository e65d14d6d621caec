/**
 * FirecREST's API as its own document has it (openapi.json): made by `npm run generate`, not by hand. What it answers is not taken from
 * here, but read at the border: the document and the server differ in places.
 *
 * @module
 */
/* eslint-disable */

export interface paths {
    "/status/systems": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get Systems
         * @description Get the list of systems and health status
         */
        get: operations["get_systems_status_systems_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/status/{system_name}/nodes": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get System Nodes
         * @description Get the list of nodes of a `{system_name}`
         */
        get: operations["get_system_nodes_status__system_name__nodes_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/status/{system_name}/reservations": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get System Reservations
         * @description Get the list of reservations of a `{system_name}`
         */
        get: operations["get_system_reservations_status__system_name__reservations_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/status/{system_name}/partitions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get System Partitions
         * @description Get the list of partitions of a `{system_name}`
         */
        get: operations["get_system_partitions_status__system_name__partitions_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/status/{system_name}/userinfo": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get Userinfo
         * @description Get current user information on a `{system_name}`
         */
        get: operations["get_userinfo_status__system_name__userinfo_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/status/liveness/": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get Liveness
         * @description Get liveness status of FirecREST
         */
        get: operations["get_liveness_status_liveness__get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/compute/{system_name}/jobs": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get Jobs
         * @description Get status of all jobs
         */
        get: operations["get_jobs_compute__system_name__jobs_get"];
        put?: never;
        /**
         * Post Job Submit
         * @description Submit a new job
         */
        post: operations["post_job_submit_compute__system_name__jobs_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/compute/{system_name}/jobs/{job_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get Job
         * @description Get status of a job by `{job_id}`
         */
        get: operations["get_job_compute__system_name__jobs__job_id__get"];
        put?: never;
        post?: never;
        /**
         * Delete Job Cancel
         * @description Cancel a job
         */
        delete: operations["delete_job_cancel_compute__system_name__jobs__job_id__delete"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/compute/{system_name}/jobs/{job_id}/metadata": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get Job Metadata
         * @description Get metadata of a job by `{job_id}`
         */
        get: operations["get_job_metadata_compute__system_name__jobs__job_id__metadata_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/compute/{system_name}/jobs/{job_id}/attach": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /**
         * Attach
         * @description Attach a procces to a job by `{job_id}`
         */
        put: operations["attach_compute__system_name__jobs__job_id__attach_put"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/filesystem/{system_name}/transfer/upload": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Post Upload
         * @description Create asynchronous upload operation
         */
        post: operations["post_upload_filesystem__system_name__transfer_upload_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/filesystem/{system_name}/transfer/download": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Post Download
         * @description Create asynchronous download operation
         */
        post: operations["post_download_filesystem__system_name__transfer_download_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/filesystem/{system_name}/transfer/mv": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Move Mv
         * @description Create move file or directory operation (`mv`)
         */
        post: operations["move_mv_filesystem__system_name__transfer_mv_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/filesystem/{system_name}/transfer/cp": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Post Cp
         * @description Create copy file or directory operation (`cp`)
         */
        post: operations["post_cp_filesystem__system_name__transfer_cp_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/filesystem/{system_name}/transfer/rm": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /**
         * Delete Rm
         * @description Create remove file or directory operation (`rm`)
         */
        delete: operations["delete_rm_filesystem__system_name__transfer_rm_delete"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/filesystem/{system_name}/transfer/compress": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Compress
         * @description Create compress file or directory operation (`tar`)
         */
        post: operations["compress_filesystem__system_name__transfer_compress_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/filesystem/{system_name}/transfer/extract": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Extract
         * @description Create extract file operation (`tar`)
         */
        post: operations["extract_filesystem__system_name__transfer_extract_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/filesystem/{system_name}/ops/chmod": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /**
         * Put Chmod
         * @description Change the permission mode of a file(`chmod`)
         */
        put: operations["put_chmod_filesystem__system_name__ops_chmod_put"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/filesystem/{system_name}/ops/chown": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /**
         * Put Chown
         * @description Change the ownership of a given file (`chown`)
         */
        put: operations["put_chown_filesystem__system_name__ops_chown_put"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/filesystem/{system_name}/ops/ls": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get Ls
         * @description List the contents of the given directory (`ls`)
         */
        get: operations["get_ls_filesystem__system_name__ops_ls_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/filesystem/{system_name}/ops/head": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get Head
         * @description Output the first part of file/s (`head`)
         */
        get: operations["get_head_filesystem__system_name__ops_head_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/filesystem/{system_name}/ops/view": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get View
         * @description View file content
         */
        get: operations["get_view_filesystem__system_name__ops_view_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/filesystem/{system_name}/ops/tail": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get Tail
         * @description Output the last part of a file (`tail`)
         */
        get: operations["get_tail_filesystem__system_name__ops_tail_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/filesystem/{system_name}/ops/checksum": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get Checksum
         * @description Output the checksum of a file (using SHA-256 algotithm)
         */
        get: operations["get_checksum_filesystem__system_name__ops_checksum_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/filesystem/{system_name}/ops/file": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get File
         * @description Output the type of a file or directory
         */
        get: operations["get_file_filesystem__system_name__ops_file_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/filesystem/{system_name}/ops/stat": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get Stat
         * @description Output the `stat` of a file
         */
        get: operations["get_stat_filesystem__system_name__ops_stat_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/filesystem/{system_name}/ops/rm": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /**
         * Delete Rm
         * @description Delete file or directory operation (`rm`)
         */
        delete: operations["delete_rm_filesystem__system_name__ops_rm_delete"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/filesystem/{system_name}/ops/mkdir": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Post Mkdir
         * @description Create directory operation (`mkdir`)
         */
        post: operations["post_mkdir_filesystem__system_name__ops_mkdir_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/filesystem/{system_name}/ops/symlink": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Post Symlink
         * @description Create symlink operation (`ln`)
         */
        post: operations["post_symlink_filesystem__system_name__ops_symlink_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/filesystem/{system_name}/ops/download": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get Download
         * @description Download a small file
         */
        get: operations["get_download_filesystem__system_name__ops_download_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/filesystem/{system_name}/ops/upload": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Post Upload
         * @description Upload a small file
         */
        post: operations["post_upload_filesystem__system_name__ops_upload_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/filesystem/{system_name}/ops/compress": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Post Compress
         * @description Compress files and directories using `tar` command
         */
        post: operations["post_compress_filesystem__system_name__ops_compress_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/filesystem/{system_name}/ops/extract": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Post Extract
         * @description Extract `tar` `gzip` archives
         */
        post: operations["post_extract_filesystem__system_name__ops_extract_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        /** AccountsModel */
        AccountsModel: {
            /** Name */
            name: string;
            /** Default */
            default: boolean;
        };
        /**
         * ApResponseErrorType
         * @enum {string}
         */
        ApResponseErrorType: "error" | "validation";
        /** ApiResponseError */
        ApiResponseError: {
            /** @default error */
            errorType: components["schemas"]["ApResponseErrorType"];
            /** Message */
            message: string;
            /** Causedby */
            causedBy?: (string[] | null) | null;
            /** Data */
            data?: ({
                [key: string]: unknown;
            } | null) | null;
            /** User */
            user?: (string | null) | null;
        };
        /**
         * BackendServiceType
         * @description Types of services that can be health-checked.
         * @enum {string}
         */
        BackendServiceType: "s3" | "filesystem" | "ssh" | "scheduler" | "exception";
        /** Body_post_upload_filesystem__system_name__ops_upload_post */
        Body_post_upload_filesystem__system_name__ops_upload_post: {
            /**
             * File
             * @description File to be uploaded as `multipart/form-data`
             */
            file: string;
        };
        /**
         * BucketLifecycleConfiguration
         * @description Configuration for automatic object lifecycle in storage buckets.
         */
        BucketLifecycleConfiguration: {
            /**
             * Days
             * @description Number of days after which objects will expire automatically.
             * @default 10
             */
            days: number;
        };
        /**
         * CompressRequest
         * @example {
         *       "account": "group",
         *       "compression": "none",
         *       "dereference": "true",
         *       "matchPattern": "*./[ab].*\\.txt",
         *       "sourcePath": "/home/user/dir",
         *       "targetPath": "/home/user/file.tar.gz"
         *     }
         */
        CompressRequest: {
            /**
             * Sourcepath
             * @example /home/user/dir
             */
            sourcePath: (string | null) | null;
            /**
             * Targetpath
             * @description Target path of the compress operation
             */
            targetPath: string;
            /**
             * Account
             * @description Name of the account in the scheduler
             */
            account?: (string | null) | null;
            /**
             * Matchpattern
             * @description Regex pattern to filter files to compress
             */
            matchPattern?: (string | null) | null;
            /**
             * Dereference
             * @description If set to `true`, it follows symbolic links and archive the files they point to instead of the links themselves.
             * @default false
             */
            dereference: boolean;
            /**
             * @description Defines the type of compression to be used. By default gzip is used.
             * @default gzip
             */
            compression: components["schemas"]["CompressionType"];
        };
        /** CompressResponse */
        CompressResponse: {
            transferJob: components["schemas"]["TransferJob"];
        };
        /**
         * CompressionType
         * @enum {string}
         */
        CompressionType: "none" | "bzip2" | "gzip" | "xz";
        /**
         * ContentUnit
         * @enum {string}
         */
        ContentUnit: "lines" | "bytes";
        /**
         * CopyRequest
         * @example {
         *       "account": "group",
         *       "dereference": "true",
         *       "sourcePath": "/home/user/dir/file.orig",
         *       "targetPath": "/home/user/dir/file.new"
         *     }
         */
        CopyRequest: {
            /**
             * Sourcepath
             * @example /home/user/dir
             */
            sourcePath: (string | null) | null;
            /**
             * Targetpath
             * @description Target path of the copy operation
             */
            targetPath: string;
            /**
             * Account
             * @description Name of the account in the scheduler
             */
            account?: (string | null) | null;
            /**
             * Dereference
             * @description If set to `true`, it follows symbolic links and copies the files they point to instead of the links themselves.
             * @default false
             */
            dereference: boolean;
        };
        /** CopyResponse */
        CopyResponse: {
            transferJob: components["schemas"]["TransferJob"];
        };
        /** DataOperation */
        DataOperation: {
            /**
             * Datatransfer Jobs Directives
             * @description Custom scheduler flags passed to data transfer jobs (e.g. `-pxfer` for a dedicated partition).
             */
            datatransfer_jobs_directives?: string[];
            /**
             * Max Ops File Size
             * @description Maximum file size (in bytes) allowed for direct upload and download. Larger files will go through the staging area.
             * @default 5242880
             */
            max_ops_file_size: number;
            /**
             * Data Transfer
             * @description Data transfer service configuration
             */
            data_transfer?: ((components["schemas"]["S3DataTransfer"] | components["schemas"]["WormholeDataTransfer"] | components["schemas"]["StreamerDataTransfer"]) | null) | null;
        };
        /** DeleteResponse */
        DeleteResponse: {
            transferJob: components["schemas"]["TransferJob"];
        };
        /** DownloadFileResponse */
        DownloadFileResponse: {
            transferJob: components["schemas"]["TransferJob"];
            /**
             * Transferdirectives
             * @description Data transfer parameters specific to the transfer method
             */
            transferDirectives: components["schemas"]["WormholeTransferResponse"] | components["schemas"]["S3TransferResponse"] | components["schemas"]["StreamerTransferResponse"];
        };
        /**
         * ExtractRequest
         * @example {
         *       "account": "group",
         *       "compression": "none",
         *       "sourcePath": "/home/user/dir/file.tar.gz",
         *       "targetPath": "/home/user/dir"
         *     }
         */
        ExtractRequest: {
            /**
             * Sourcepath
             * @example /home/user/dir
             */
            sourcePath: (string | null) | null;
            /**
             * Targetpath
             * @description Path to the directory where to extract the compressed file
             */
            targetPath: string;
            /**
             * Account
             * @description Name of the account in the scheduler
             */
            account?: (string | null) | null;
            /**
             * @description Defines the type of compression to be used. By default gzip is used.
             * @default gzip
             */
            compression: components["schemas"]["CompressionType"];
        };
        /** ExtractResponse */
        ExtractResponse: {
            transferJob: components["schemas"]["TransferJob"];
        };
        /** File */
        File: {
            /** Name */
            name: string;
            /** Type */
            type: string;
            /** Linktarget */
            linkTarget?: (string | null) | null;
            /** User */
            user: string;
            /** Group */
            group: string;
            /** Permissions */
            permissions: string;
            /** Lastmodified */
            lastModified: string;
            /** Size */
            size: string;
        };
        /** FileChecksum */
        FileChecksum: {
            /**
             * Algorithm
             * @default SHA-256
             */
            algorithm: string;
            /** Checksum */
            checksum: string;
        };
        /** FileContent */
        FileContent: {
            /** Content */
            content: string;
            contentType: components["schemas"]["ContentUnit"];
            /** Startposition */
            startPosition: number;
            /** Endposition */
            endPosition: number;
        };
        /** FileStat */
        FileStat: {
            /** Mode */
            mode: number;
            /** Ino */
            ino: number;
            /** Dev */
            dev: number;
            /** Nlink */
            nlink: number;
            /** Uid */
            uid: number;
            /** Gid */
            gid: number;
            /** Size */
            size: number;
            /** Atime */
            atime: number;
            /** Ctime */
            ctime: number;
            /** Mtime */
            mtime: number;
        };
        /**
         * FileSystem
         * @description Defines a cluster file system and its type.
         */
        FileSystem: {
            /**
             * Path
             * @description Mount path for the file system.
             */
            path: string;
            /** @description File system purpose/type. */
            dataType: components["schemas"]["FileSystemDataType"];
            /**
             * Defaultworkdir
             * @description Mark this as the default working directory.
             * @default false
             */
            defaultWorkDir: boolean;
        };
        /**
         * FileSystemDataType
         * @description Data types for cluster file systems.
         * @enum {string}
         */
        FileSystemDataType: "users" | "store" | "archive" | "apps" | "scratch" | "project";
        /**
         * FilesystemServiceHealth
         * @description Health check for a mounted file system.
         */
        FilesystemServiceHealth: {
            /** @description Type of the service being checked. */
            serviceType: components["schemas"]["BackendServiceType"];
            /**
             * Lastchecked
             * @description Timestamp of the last health check.
             */
            lastChecked?: (string | null) | null;
            /**
             * Latency
             * @description Service response latency in seconds.
             */
            latency?: (number | null) | null;
            /**
             * Healthy
             * @description True if the service is healthy.
             * @default false
             */
            healthy: boolean;
            /**
             * Message
             * @description Optional status message.
             */
            message?: (string | null) | null;
            /**
             * Path
             * @description Path of the monitored file system.
             */
            path?: (string | null) | null;
        };
        /** GetDirectoryLsResponse */
        GetDirectoryLsResponse: {
            /** Output */
            output?: (components["schemas"]["File"][] | null) | null;
        };
        /** GetFileChecksumResponse */
        GetFileChecksumResponse: {
            output?: (components["schemas"]["FileChecksum"] | null) | null;
        };
        /** GetFileHeadResponse */
        GetFileHeadResponse: {
            output?: (components["schemas"]["FileContent"] | null) | null;
        };
        /** GetFileStatResponse */
        GetFileStatResponse: {
            output?: (components["schemas"]["FileStat"] | null) | null;
        };
        /** GetFileTailResponse */
        GetFileTailResponse: {
            output?: (components["schemas"]["FileContent"] | null) | null;
        };
        /** GetFileTypeResponse */
        GetFileTypeResponse: {
            /**
             * Output
             * @example directory
             */
            output?: (string | null) | null;
        };
        /** GetJobMetadataResponse */
        GetJobMetadataResponse: {
            /** Jobs */
            jobs?: (components["schemas"]["JobMetadataModel"][] | null) | null;
        };
        /** GetJobResponse */
        GetJobResponse: {
            /** Jobs */
            jobs?: (components["schemas"]["JobModel"][] | null) | null;
        };
        /** GetLiveness */
        GetLiveness: {
            /** Healthcheckruns */
            healthcheckRuns?: {
                [key: string]: string;
            };
            /** Lastupdate */
            lastUpdate?: number;
        };
        /** GetNodesResponse */
        GetNodesResponse: {
            /** Nodes */
            nodes: components["schemas"]["NodeModel"][];
        };
        /** GetPartitionsResponse */
        GetPartitionsResponse: {
            /** Partitions */
            partitions: components["schemas"]["PartitionModel"][];
        };
        /** GetReservationsResponse */
        GetReservationsResponse: {
            /** Reservations */
            reservations: components["schemas"]["ReservationModel"][];
        };
        /** GetSystemsResponse */
        GetSystemsResponse: {
            /** Systems */
            systems: components["schemas"]["HPCCluster"][];
        };
        /** GetViewFileResponse */
        GetViewFileResponse: {
            /** Output */
            output?: (string | null) | null;
        };
        /**
         * HPCCluster
         * @description Definition of an HPC cluster, including SSH access, scheduling, and
         *     filesystem layout. More info in
         *     [the systems' section](../arch/systems//README.md).
         */
        HPCCluster: {
            /**
             * Name
             * @description Unique name for the cluster. This field is case insensitive.
             */
            name: string;
            /** @description SSH configuration for accessing the cluster nodes. */
            ssh: components["schemas"]["SSHClientPool"];
            /** @description Job scheduler configuration. */
            scheduler: components["schemas"]["Scheduler"];
            /**
             * Serviceshealth
             * @description Optional health information for different services in the cluster.
             */
            servicesHealth?: ((components["schemas"]["SchedulerServiceHealth"] | components["schemas"]["FilesystemServiceHealth"] | components["schemas"]["SSHServiceHealth"] | components["schemas"]["S3ServiceHealth"] | components["schemas"]["HealthCheckException"])[] | null) | null;
            /** @description Probing configuration for monitoring the cluster's services. */
            probing: components["schemas"]["ProbingServices"];
            /**
             * Lasthealthcheck
             * @description Timestamp of the last health check.
             */
            lastHealthCheck?: string | null;
            /**
             * Filesystems
             * @description List of mounted file systems on the cluster, such as scratch or home directories.
             */
            fileSystems?: components["schemas"]["FileSystem"][];
            /**
             * @description Data transfer backend configuration. More details in [this section](../arch/external_storage/README.md).
             * @default {
             *       "datatransfer_jobs_directives": [],
             *       "max_ops_file_size": 5242880
             *     }
             */
            dataOperation: components["schemas"]["DataOperation"];
        };
        /**
         * HealthCheckException
         * @description Generic health check error placeholder.
         */
        HealthCheckException: {
            /** @description Type of the service being checked. */
            serviceType: components["schemas"]["BackendServiceType"];
            /**
             * Lastchecked
             * @description Timestamp of the last health check.
             */
            lastChecked?: (string | null) | null;
            /**
             * Latency
             * @description Service response latency in seconds.
             */
            latency?: (number | null) | null;
            /**
             * Healthy
             * @description True if the service is healthy.
             * @default false
             */
            healthy: boolean;
            /**
             * Message
             * @description Optional status message.
             */
            message?: (string | null) | null;
        };
        /** JobDescriptionModel */
        JobDescriptionModel: {
            /**
             * Name
             * @description Name for the job
             */
            name?: (string | null) | null;
            /**
             * Account
             * @description Charge job resources to specified account
             */
            account?: (string | null) | null;
            /**
             * Reservation
             * @description Reservation to be used for the job
             */
            reservation?: (string | null) | null;
            /**
             * Partition
             * @description Partition to be used for the job
             */
            partition?: (string | null) | null;
            /**
             * Workingdirectory
             * @description Job working directory
             */
            workingDirectory: string;
            /**
             * Standardinput
             * @description Standard input file name
             */
            standardInput?: (string | null) | null;
            /**
             * Standardoutput
             * @description Standard output file name
             */
            standardOutput?: (string | null) | null;
            /**
             * Standarderror
             * @description Standard error file name
             */
            standardError?: (string | null) | null;
            /**
             * Env
             * @description Dictionary of environment variables to set in the job context
             * @default {
             *       "F7T_version": "v2.0.0"
             *     }
             */
            env: {
                [key: string]: string;
            } | string[];
            /**
             * Constraints
             * @description Job constraints
             */
            constraints?: (string | null) | null;
            /**
             * Script
             * @description Script for the job
             */
            script?: string;
            /**
             * Scriptpath
             * @description Path to the job in target system
             */
            scriptPath?: string;
        };
        /** JobMetadataModel */
        JobMetadataModel: {
            /** Jobid */
            jobId: string;
            /** Script */
            script?: (string | null) | null;
            /** Standardinput */
            standardInput?: (string | null) | null;
            /** Standardoutput */
            standardOutput?: (string | null) | null;
            /** Standarderror */
            standardError?: (string | null) | null;
        };
        /** JobModel */
        JobModel: {
            /** Jobid */
            jobId: string;
            /** Name */
            name: string;
            status: components["schemas"]["JobStatus"];
            /** Tasks */
            tasks?: (components["schemas"]["JobTask"][] | null) | null;
            time: components["schemas"]["JobTime"];
            /** Account */
            account?: (string | null) | null;
            /** Allocationnodes */
            allocationNodes: number;
            /** Cluster */
            cluster: string;
            /** Group */
            group?: (string | null) | null;
            /** Nodes */
            nodes: string;
            /** Partition */
            partition: string;
            /** Killrequestuser */
            killRequestUser?: (string | null) | null;
            /** User */
            user: string | null;
            /** Workingdirectory */
            workingDirectory: string;
            /** Priority */
            priority?: (number | null) | null;
        };
        /** JobStatus */
        JobStatus: {
            /** State */
            state: string;
            /** Statereason */
            stateReason?: (string | null) | null;
            /** Exitcode */
            exitCode?: (number | null) | null;
            /** Interruptsignal */
            interruptSignal?: (number | null) | null;
        };
        /** JobTask */
        JobTask: {
            /** Id */
            id: string;
            /** Name */
            name: string;
            status: components["schemas"]["JobStatus"];
            time: components["schemas"]["JobTime"];
        };
        /** JobTime */
        JobTime: {
            /** Elapsed */
            elapsed?: (number | null) | null;
            /** Start */
            start?: (number | null) | null;
            /** End */
            end?: (number | null) | null;
            /** Suspended */
            suspended?: (number | null) | null;
            /** Limit */
            limit?: (number | null) | null;
        };
        /**
         * JobsTimeWindow
         * @enum {string}
         */
        JobsTimeWindow: "1h" | "8h" | "24h" | "3d" | "7d";
        /**
         * MoveRequest
         * @example {
         *       "account": "group",
         *       "sourcePath": "/home/user/dir/file.orig",
         *       "targetPath": "/home/user/dir/file.new"
         *     }
         */
        MoveRequest: {
            /**
             * Sourcepath
             * @example /home/user/dir
             */
            sourcePath: (string | null) | null;
            /**
             * Targetpath
             * @description Target path of the move operation
             */
            targetPath: string;
            /**
             * Account
             * @description Name of the account in the scheduler
             */
            account?: (string | null) | null;
        };
        /** MoveResponse */
        MoveResponse: {
            transferJob: components["schemas"]["TransferJob"];
        };
        /**
         * MultipartUpload
         * @description Configuration for multipart upload behavior.
         */
        MultipartUpload: {
            /**
             * Use Split
             * @description Enable or disable splitting large files into parts when uploading the file to the staging area.
             * @default false
             */
            use_split: boolean;
            /**
             * Max Part Size
             * @description Maximum size (in bytes) for multipart data transfers. Default is 2 GB.
             * @default 2147483648
             */
            max_part_size: number;
            /**
             * Parallel Runs
             * @description Number of parts to upload in parallel to the staging area.
             * @default 3
             */
            parallel_runs: number;
            /**
             * Tmp Folder
             * @description Temporary folder used for storing split parts during upload.
             * @default tmp
             */
            tmp_folder: string;
        };
        /** NodeModel */
        NodeModel: {
            /** Sockets */
            sockets?: (number | null) | null;
            /** Cores */
            cores?: (number | null) | null;
            /** Threads */
            threads?: (number | null) | null;
            /** Cpus */
            cpus: number;
            /** Cpuload */
            cpuLoad?: (number | null) | null;
            /** Freememory */
            freeMemory?: (number | null) | null;
            /** Features */
            features?: (string | string[] | null) | null;
            /** Name */
            name: string;
            /** Address */
            address?: (string | null) | null;
            /** Hostname */
            hostname?: (string | null) | null;
            /** State */
            state: components["schemas"]["NodeState"][];
            /** Partitions */
            partitions?: (string[] | null) | null;
            /** Weight */
            weight?: (number | null) | null;
            /** Allocmemory */
            allocMemory?: (number | null) | null;
            /** Alloccpus */
            allocCpus?: (number | null) | null;
            /** Idlecpus */
            idleCpus?: (number | null) | null;
        };
        /**
         * NodeState
         * @enum {string}
         */
        NodeState: "IDLE" | "ALLOCATED" | "MIXED" | "DOWN" | "DRAIN" | "OFFLINE" | "RESERVED" | "COMPLETING" | "BUSY" | "POWERING_DOWN" | "POWERING_UP" | "UNKNOWN";
        /** PartitionModel */
        PartitionModel: {
            /** Name */
            name: string;
            /** Cpus */
            cpus?: number | null;
            /** Totalnodes */
            totalNodes?: number | null;
            /** Partition */
            partition: string | string[];
        };
        /** PosixIdentified */
        PosixIdentified: {
            /** Id */
            id: string;
            /** Name */
            name: string;
        };
        /**
         * PostCompressRequest
         * @example {
         *       "compression": "none",
         *       "dereference": "true",
         *       "matchPattern": "*./[ab].*\\.txt",
         *       "sourcePath": "/home/user/dir",
         *       "targetPath": "/home/user/file.tar.gz"
         *     }
         */
        PostCompressRequest: {
            /**
             * Sourcepath
             * @example /home/user/dir
             */
            sourcePath: (string | null) | null;
            /**
             * Targetpath
             * @description Path to the compressed file
             */
            targetPath: string;
            /**
             * Matchpattern
             * @description Regex pattern to filter files to compress
             */
            matchPattern?: (string | null) | null;
            /**
             * Dereference
             * @description If set to `true`, it follows symbolic links and archive the files they point to instead of the links themselves.
             * @default false
             */
            dereference: boolean;
            /**
             * @description Defines the type of compression to be used. By default gzip is used.
             * @default gzip
             */
            compression: components["schemas"]["CompressionType"];
        };
        /**
         * PostExtractRequest
         * @example {
         *       "compression": "none",
         *       "sourcePath": "/home/user/dir/file.tar.gz",
         *       "targetPath": "/home/user/dir"
         *     }
         */
        PostExtractRequest: {
            /**
             * Sourcepath
             * @example /home/user/dir
             */
            sourcePath: (string | null) | null;
            /**
             * Targetpath
             * @description Path to the directory where to extract the compressed file
             */
            targetPath: string;
            /**
             * @description Defines the type of compression to be used. By default gzip is used.
             * @default gzip
             */
            compression: components["schemas"]["CompressionType"];
        };
        /**
         * PostFileDownloadRequest
         * @example {
         *       "account": "group",
         *       "sourcePath": "/home/user/dir/file",
         *       "transferDirectives": {
         *         "transferMethod": "s3"
         *       }
         *     }
         */
        PostFileDownloadRequest: {
            /**
             * Sourcepath
             * @example /home/user/dir
             */
            sourcePath: (string | null) | null;
            /**
             * Transferdirectives
             * @description Data transfer parameters specific to the transfer method
             */
            transferDirectives: components["schemas"]["WormholeTransferRequest"] | components["schemas"]["S3TransferRequest"] | components["schemas"]["StreamerTransferRequest"];
            /**
             * Account
             * @description Name of the account in the scheduler
             */
            account?: (string | null) | null;
        };
        /**
         * PostFileSymlinkRequest
         * @example {
         *       "link_path": "/home/user/newlink",
         *       "path": "/home/user/dir"
         *     }
         */
        PostFileSymlinkRequest: {
            /**
             * Sourcepath
             * @example /home/user/dir
             */
            sourcePath: (string | null) | null;
            /**
             * Linkpath
             * @description Path to the new symlink
             */
            linkPath: string;
        };
        /** PostFileSymlinkResponse */
        PostFileSymlinkResponse: {
            output?: (components["schemas"]["File"] | null) | null;
        };
        /**
         * PostFileUploadRequest
         * @example {
         *       "account": "group",
         *       "sourcePath": "/home/user/dir/file",
         *       "transferDirectives": {
         *         "fileSize": "7340032",
         *         "transferMethod": "s3"
         *       }
         *     }
         */
        PostFileUploadRequest: {
            /**
             * Sourcepath
             * @example /home/user/dir
             */
            sourcePath: (string | null) | null;
            /**
             * Transferdirectives
             * @description Data transfer parameters specific to the transfer method
             */
            transferDirectives: components["schemas"]["WormholeTransferUploadRequest"] | components["schemas"]["S3TransferRequest"] | components["schemas"]["StreamerTransferRequest"];
            /**
             * Account
             * @description Name of the account in the scheduler
             */
            account?: (string | null) | null;
        };
        /**
         * PostJobAttachRequest
         * @example {
         *       "command": "echo 'Attached with success' > $HOME/attach.out"
         *     }
         */
        PostJobAttachRequest: {
            /**
             * Command
             * @description Command to attach to the job
             */
            command?: string;
        };
        /** PostJobSubmissionResponse */
        PostJobSubmissionResponse: {
            /** Jobid */
            jobId?: (string | null) | null;
        };
        /**
         * PostJobSubmitRequest
         * @example {
         *       "job": {
         *         "account": "myproject",
         *         "env": {
         *           "LD_LIBRARY_PATH": "/path/to/library",
         *           "PATH": "/path/to/bin"
         *         },
         *         "name": "Example with inline script",
         *         "partition": "partition_a",
         *         "reservation": "myreservation",
         *         "script": "#!/bin/bash\n--partition=part01\nfor i in {1..100}\ndo\necho $i\nsleep 1\ndone",
         *         "standardError": "count_to_100.err",
         *         "standardInput": "/dev/null",
         *         "standardOutput": "count_to_100.out",
         *         "workingDirectory": "{{home_path}}"
         *       }
         *     }
         * @example {
         *       "job": {
         *         "account": "myproject",
         *         "env": {
         *           "LD_LIBRARY_PATH": "/path/to/library",
         *           "PATH": "/path/to/bin"
         *         },
         *         "name": "Example with script path",
         *         "partition": "partition_a",
         *         "reservation": "myreservation",
         *         "script_path": "/path/to/batch_file.sh",
         *         "standardError": "count_to_100.err",
         *         "standardInput": "/dev/null",
         *         "standardOutput": "count_to_100.out",
         *         "workingDirectory": "{{home_path}}"
         *       }
         *     }
         */
        PostJobSubmitRequest: {
            job: components["schemas"]["JobDescriptionModel"];
        };
        /**
         * PostMakeDirRequest
         * @example {
         *       "parent": "true",
         *       "path": "/home/user/dir/newdir"
         *     }
         */
        PostMakeDirRequest: {
            /**
             * Sourcepath
             * @example /home/user/dir
             */
            sourcePath: (string | null) | null;
            /**
             * Parent
             * @description If set to `true` creates all its parent directories if they do not already exist
             * @default false
             */
            parent: boolean;
        };
        /** PostMkdirResponse */
        PostMkdirResponse: {
            output?: (components["schemas"]["File"] | null) | null;
        };
        /**
         * ProbingService
         * @description Health check enable settings.
         */
        ProbingService: {
            /**
             * Timeout
             * @description Timeout for specific health check, if not specified the default of 10s is applied.
             * @default 10
             */
            timeout: number | null;
        };
        /**
         * ProbingServices
         * @description Health check interval and list of services.
         */
        ProbingServices: {
            /**
             * Services
             * @description Services to be checked.
             */
            services?: {
                [key: string]: components["schemas"]["ProbingService"];
            } | null;
            /**
             * Intervalcheck
             * @description Interval in seconds between cluster checks, if not specified the default of 120s is applied.
             * @default 120
             */
            intervalCheck: number;
        };
        /**
         * PutFileChmodRequest
         * @example {
         *       "mode": "777",
         *       "path": "/home/user/dir/file.out"
         *     }
         */
        PutFileChmodRequest: {
            /**
             * Sourcepath
             * @example /home/user/dir
             */
            sourcePath: (string | null) | null;
            /**
             * Mode
             * @description Mode in octal permission format
             */
            mode: string;
        };
        /** PutFileChmodResponse */
        PutFileChmodResponse: {
            output?: (components["schemas"]["File"] | null) | null;
        };
        /**
         * PutFileChownRequest
         * @example {
         *       "group": "my-group",
         *       "owner": "user",
         *       "path": "/home/user/dir/file.out"
         *     }
         */
        PutFileChownRequest: {
            /**
             * Sourcepath
             * @example /home/user/dir
             */
            sourcePath: (string | null) | null;
            /**
             * Owner
             * @description User name of the new user owner of the file
             * @default
             */
            owner: string;
            /**
             * Group
             * @description Group name of the new group owner of the file
             * @default
             */
            group: string;
        };
        /** PutFileChownResponse */
        PutFileChownResponse: {
            output?: (components["schemas"]["File"] | null) | null;
        };
        /** ReservationModel */
        ReservationModel: {
            /** Name */
            name: string;
            /** Nodelist */
            nodeList: string;
            /** Endtime */
            endTime: number;
            /** Starttime */
            startTime: number;
            /** Features */
            features?: (string | null) | null;
            /** State */
            state?: (string | null) | null;
        };
        /**
         * S3DataTransfer
         * @description Object storage configuration, including credentials, endpoints, and upload behavior.
         */
        S3DataTransfer: {
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            serviceType: "s3";
            /**
             * Name
             * @description Name identifier for the storage.
             */
            name: string;
            /**
             * Privateurl
             * Format: password
             * @description Private/internal endpoint URL for the storage.
             */
            privateUrl: string;
            /**
             * Publicurl
             * @description Public/external URL for the storage.
             */
            publicUrl: string;
            /**
             * Accesskeyid
             * Format: password
             * @description Access key ID for S3-compatible storage.
             */
            accessKeyId: string;
            /**
             * Secretaccesskey
             * Format: password
             * @description Secret access key for storage. You can give directly the content or the file path using `'secret_file:/path/to/file'`.
             */
            secretAccessKey: string;
            /**
             * Region
             * @description Region of the storage bucket.
             */
            region: string;
            /**
             * Ttl
             * @description Time-to-live (in seconds) for generated URLs.
             */
            ttl: number;
            /**
             * Tenant
             * @description Optional tenant identifier for multi-tenant setups.
             */
            tenant?: (string | null) | null;
            /** @description Settings for multipart upload, including chunk size and concurrency. */
            multipart?: components["schemas"]["MultipartUpload"];
            /** @description Lifecycle policy settings for auto-deleting files after a given number of days. */
            bucketLifecycleConfiguration?: components["schemas"]["BucketLifecycleConfiguration"];
        };
        /**
         * S3ServiceHealth
         * @description Health status of S3-compatible storage.
         */
        S3ServiceHealth: {
            /** @description Type of the service being checked. */
            serviceType: components["schemas"]["BackendServiceType"];
            /**
             * Lastchecked
             * @description Timestamp of the last health check.
             */
            lastChecked?: (string | null) | null;
            /**
             * Latency
             * @description Service response latency in seconds.
             */
            latency?: (number | null) | null;
            /**
             * Healthy
             * @description True if the service is healthy.
             * @default false
             */
            healthy: boolean;
            /**
             * Message
             * @description Optional status message.
             */
            message?: (string | null) | null;
        };
        /** S3TransferRequest */
        S3TransferRequest: {
            /**
             * Transfermethod
             * @constant
             */
            transferMethod: "s3";
            /**
             * Filesize
             * @description Size of the file to upload in bytes
             */
            fileSize?: (number | null) | null;
        };
        /** S3TransferResponse */
        S3TransferResponse: {
            /**
             * Transfermethod
             * @constant
             */
            transferMethod: "s3";
            /** Downloadurl */
            downloadUrl?: (string | null) | null;
            /** Partsuploadurls */
            partsUploadUrls?: (string[] | null) | null;
            /** Completeuploadurl */
            completeUploadUrl?: (string | null) | null;
            /** Maxpartsize */
            maxPartSize?: (number | null) | null;
        };
        /**
         * SSHClientPool
         * @description SSH connection pool configuration for remote execution.
         */
        SSHClientPool: {
            /**
             * Host
             * @description SSH target hostname.
             */
            host: string;
            /**
             * Port
             * @description SSH port.
             */
            port: number;
            /**
             * Proxyhost
             * @description Optional proxy host for tunneling.
             */
            proxyHost?: (string | null) | null;
            /**
             * Proxyport
             * @description Optional proxy port.
             */
            proxyPort?: (number | null) | null;
            /**
             * Maxclients
             * @description Maximum number of concurrent SSH clients (not a hard limit, might be temporarily exceeded under heavy load).
             * @default 100
             */
            maxClients: number;
            /** @description SSH timeout settings. */
            timeout?: components["schemas"]["SSHTimeouts"];
        };
        /**
         * SSHServiceHealth
         * @description Health status of SSH service.
         */
        SSHServiceHealth: {
            /** @description Type of the service being checked. */
            serviceType: components["schemas"]["BackendServiceType"];
            /**
             * Lastchecked
             * @description Timestamp of the last health check.
             */
            lastChecked?: (string | null) | null;
            /**
             * Latency
             * @description Service response latency in seconds.
             */
            latency?: (number | null) | null;
            /**
             * Healthy
             * @description True if the service is healthy.
             * @default false
             */
            healthy: boolean;
            /**
             * Message
             * @description Optional status message.
             */
            message?: (string | null) | null;
        };
        /**
         * SSHTimeouts
         * @description Various SSH settings.
         */
        SSHTimeouts: {
            /**
             * Connection
             * @description Timeout (seconds) for initial SSH connection.
             * @default 5
             */
            connection: number;
            /**
             * Login
             * @description Timeout (seconds) for SSH login/auth.
             * @default 5
             */
            login: number;
            /**
             * Commandexecution
             * @description Timeout (seconds) for executing commands over SSH.
             * @default 5
             */
            commandExecution: number;
            /**
             * Idletimeout
             * @description Max idle time (seconds) before disconnecting.
             * @default 60
             */
            idleTimeout: number;
            /**
             * Keepalive
             * @description Interval (seconds) for sending keep-alive messages.
             * @default 5
             */
            keepAlive: number;
        };
        /**
         * Scheduler
         * @description Cluster job scheduler configuration.
         */
        Scheduler: {
            /** @description Scheduler type. */
            type: components["schemas"]["SchedulerType"];
            /**
             * @description Scheduler connection mode.
             * @default ssh
             */
            connectionMode: components["schemas"]["SchedulerConnectionMode"] | null;
            /**
             * Version
             * @description Scheduler version.
             */
            version: string;
            /**
             * Apiurl
             * @description REST API endpoint for scheduler.
             */
            apiUrl?: (string | null) | null;
            /**
             * Apiversion
             * @description Scheduler API version.
             */
            apiVersion?: (string | null) | null;
            /**
             * Timeout
             * @description Timeout in seconds for scheduler communication with the API.
             * @default 10
             */
            timeout: number;
        };
        /**
         * SchedulerConnectionMode
         * @description Modes to connect to the schedulers present in the system
         * @enum {string}
         */
        SchedulerConnectionMode: "hybrid" | "rest" | "ssh";
        /**
         * SchedulerServiceHealth
         * @description Health check result for the job scheduler.
         */
        SchedulerServiceHealth: {
            /** @description Type of the service being checked. */
            serviceType: components["schemas"]["BackendServiceType"];
            /**
             * Lastchecked
             * @description Timestamp of the last health check.
             */
            lastChecked?: (string | null) | null;
            /**
             * Latency
             * @description Service response latency in seconds.
             */
            latency?: (number | null) | null;
            /**
             * Healthy
             * @description True if the service is healthy.
             * @default false
             */
            healthy: boolean;
            /**
             * Message
             * @description Optional status message.
             */
            message?: (string | null) | null;
        };
        /**
         * SchedulerType
         * @description Supported job scheduler types.
         * @enum {string}
         */
        SchedulerType: "slurm" | "pbs";
        /**
         * ServiceAccount
         * @description Internal service account credentials.
         */
        ServiceAccount: {
            /**
             * Clientid
             * @description Service account client ID.
             */
            clientId: string;
            /**
             * Secret
             * Format: password
             * @description Service account secret token. You can give directly the content or the file path using `'secret_file:/path/to/file'`.
             */
            secret: string;
        };
        /** StreamerDataTransfer */
        StreamerDataTransfer: {
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            serviceType: "streamer";
            /**
             * Pypiindexurl
             * @description Optional local PyPI index URL for installing dependencies.
             */
            pypiIndexUrl?: string | null;
            /**
             * Host
             * @description The interface to use for listening incoming connections
             */
            host?: (string | null) | null;
            /**
             * Portrange
             * @description Port range for establishing connections.
             * @default [
             *       5665,
             *       5675
             *     ]
             */
            portRange: [
                number,
                number
            ];
            /**
             * Publicips
             * @description List of public IP addresses where server can be reached.
             */
            publicIps?: (string[] | null) | null;
            /**
             * Waittimeout
             * @description How long to wait for a connection before exiting (in seconds)
             * @default 86400
             */
            waitTimeout: number;
            /**
             * Inboundtransferlimit
             * @description Limit how much data can be received (in bytes)
             * @default 5368709120
             */
            inboundTransferLimit: number;
        };
        /** StreamerTransferRequest */
        StreamerTransferRequest: {
            /**
             * Transfermethod
             * @constant
             */
            transferMethod: "streamer";
        };
        /** StreamerTransferResponse */
        StreamerTransferResponse: {
            /**
             * Transfermethod
             * @constant
             */
            transferMethod: "streamer";
            /** Coordinates */
            coordinates?: (string | null) | null;
        };
        /** TransferJob */
        TransferJob: {
            /** Jobid */
            jobId: string;
            /** System */
            system: string;
            /** Workingdirectory */
            workingDirectory: string;
            logs: components["schemas"]["TransferJobLogs"];
        };
        /** TransferJobLogs */
        TransferJobLogs: {
            /** Outputlog */
            outputLog: string;
            /** Errorlog */
            errorLog: string;
        };
        /** UploadFileResponse */
        UploadFileResponse: {
            transferJob: components["schemas"]["TransferJob"];
            /**
             * Transferdirectives
             * @description Data transfer parameters specific to the transfer method
             */
            transferDirectives: components["schemas"]["WormholeTransferResponse"] | components["schemas"]["S3TransferResponse"] | components["schemas"]["StreamerTransferResponse"];
        };
        /** UserInfoResponse */
        UserInfoResponse: {
            user: components["schemas"]["PosixIdentified"];
            group: components["schemas"]["PosixIdentified"];
            /** Groups */
            groups: components["schemas"]["PosixIdentified"][];
            /** Accounts */
            accounts?: components["schemas"]["AccountsModel"][] | null;
        };
        /** WormholeDataTransfer */
        WormholeDataTransfer: {
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            serviceType: "wormhole";
            /**
             * Pypiindexurl
             * @description Optional local PyPI index URL for installing dependencies.
             */
            pypiIndexUrl?: (string | null) | null;
        };
        /** WormholeTransferRequest */
        WormholeTransferRequest: {
            /**
             * Transfermethod
             * @constant
             */
            transferMethod: "wormhole";
        };
        /** WormholeTransferResponse */
        WormholeTransferResponse: {
            /**
             * Transfermethod
             * @constant
             */
            transferMethod: "wormhole";
            /** Wormholecode */
            wormholeCode?: (string | null) | null;
        };
        /** WormholeTransferUploadRequest */
        WormholeTransferUploadRequest: {
            /**
             * Transfermethod
             * @constant
             */
            transferMethod: "wormhole";
            /**
             * Wormholecode
             * @description Wormhole code to use for the transfer
             */
            wormholeCode: string;
        };
    };
    responses: never;
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    get_systems_status_systems_get: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description System list returned successfully */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GetSystemsResponse"];
                };
            };
            /** @description Client Error */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ApiResponseError"];
                };
            };
            /** @description Server Error */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ApiResponseError"];
                };
            };
        };
    };
    get_system_nodes_status__system_name__nodes_get: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                system_name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Nodes list returned successfully */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GetNodesResponse"];
                };
            };
            /** @description Client Error */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ApiResponseError"];
                };
            };
            /** @description Server Error */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ApiResponseError"];
                };
            };
        };
    };
    get_system_reservations_status__system_name__reservations_get: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                system_name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Reservations list returned successfully */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GetReservationsResponse"];
                };
            };
            /** @description Client Error */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ApiResponseError"];
                };
            };
            /** @description Server Error */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ApiResponseError"];
                };
            };
        };
    };
    get_system_partitions_status__system_name__partitions_get: {
        parameters: {
            query?: {
                /** @description Show hidden partitions (only applies to Slurm scheduler). */
                show_hidden?: boolean;
            };
            header?: never;
            path: {
                system_name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Partitions list returned successfully */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GetPartitionsResponse"];
                };
            };
            /** @description Client Error */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ApiResponseError"];
                };
            };
            /** @description Server Error */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ApiResponseError"];
                };
            };
        };
    };
    get_userinfo_status__system_name__userinfo_get: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                system_name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description User information returned successfully */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["UserInfoResponse"];
                };
            };
            /** @description Client Error */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ApiResponseError"];
                };
            };
            /** @description Server Error */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ApiResponseError"];
                };
            };
        };
    };
    get_liveness_status_liveness__get: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Liveness status returned successfully */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GetLiveness"];
                };
            };
            /** @description Client Error */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ApiResponseError"];
                };
            };
            /** @description Server Error */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ApiResponseError"];
                };
            };
        };
    };
    get_jobs_compute__system_name__jobs_get: {
        parameters: {
            query?: {
                /** @description If set to `true` returns all jobs visible by the current user, otherwise only the current user owned jobs */
                allusers?: boolean;
                /** @description If specified, filter jobs by account name */
                account?: string | null;
                /** @description If specified, filter jobs by name */
                name?: string | null;
                /** @description Time window used to look back for historical (completed, failed, cancelled...) jobs. Does not affect currently pending or running jobs, which are always returned. Not supported for PBS clusters: the parameter is accepted but has no effect, and job history visibility there is bounded by the scheduler's own configuration instead */
                time_window?: components["schemas"]["JobsTimeWindow"];
            };
            header?: never;
            path: {
                system_name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Jobs status returned successfully */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GetJobResponse"];
                };
            };
            /** @description Client Error */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ApiResponseError"];
                };
            };
            /** @description Server Error */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ApiResponseError"];
                };
            };
        };
    };
    post_job_submit_compute__system_name__jobs_post: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                system_name: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["PostJobSubmitRequest"];
            };
        };
        responses: {
            /** @description Job submitted correctly */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PostJobSubmissionResponse"];
                };
            };
            /** @description Client Error */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ApiResponseError"];
                };
            };
            /** @description Server Error */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ApiResponseError"];
                };
            };
        };
    };
    get_job_compute__system_name__jobs__job_id__get: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Job id */
                job_id: string;
                system_name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Jobs status returned successfully */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GetJobResponse"];
                };
            };
            /** @description Client Error */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ApiResponseError"];
                };
            };
            /** @description Server Error */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ApiResponseError"];
                };
            };
        };
    };
    delete_job_cancel_compute__system_name__jobs__job_id__delete: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Job id */
                job_id: string;
                system_name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Job cancelled successfully */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Client Error */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ApiResponseError"];
                };
            };
            /** @description Server Error */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ApiResponseError"];
                };
            };
        };
    };
    get_job_metadata_compute__system_name__jobs__job_id__metadata_get: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Job id */
                job_id: string;
                system_name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Jobs metadata returned successfully */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GetJobMetadataResponse"];
                };
            };
            /** @description Client Error */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ApiResponseError"];
                };
            };
            /** @description Server Error */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ApiResponseError"];
                };
            };
        };
    };
    attach_compute__system_name__jobs__job_id__attach_put: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Job id */
                job_id: string;
                system_name: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["PostJobAttachRequest"];
            };
        };
        responses: {
            /** @description Process attached succesfully */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Client Error */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ApiResponseError"];
                };
            };
            /** @description Server Error */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ApiResponseError"];
                };
            };
        };
    };
    post_upload_filesystem__system_name__transfer_upload_post: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                system_name: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["PostFileUploadRequest"];
            };
        };
        responses: {
            /** @description Upload operation created successfully */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["UploadFileResponse"];
                };
            };
            /** @description Client Error */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ApiResponseError"];
                };
            };
            /** @description Server Error */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ApiResponseError"];
                };
            };
        };
    };
    post_download_filesystem__system_name__transfer_download_post: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                system_name: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["PostFileDownloadRequest"];
            };
        };
        responses: {
            /** @description Download operation created successfully */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DownloadFileResponse"];
                };
            };
            /** @description Client Error */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ApiResponseError"];
                };
            };
            /** @description Server Error */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ApiResponseError"];
                };
            };
        };
    };
    move_mv_filesystem__system_name__transfer_mv_post: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                system_name: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["MoveRequest"];
            };
        };
        responses: {
            /** @description Move file or directory operation created successfully */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["MoveResponse"];
                };
            };
            /** @description Client Error */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ApiResponseError"];
                };
            };
            /** @description Server Error */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ApiResponseError"];
                };
            };
        };
    };
    post_cp_filesystem__system_name__transfer_cp_post: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                system_name: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CopyRequest"];
            };
        };
        responses: {
            /** @description Copy file or directory operation created successfully */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CopyResponse"];
                };
            };
            /** @description Client Error */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ApiResponseError"];
                };
            };
            /** @description Server Error */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ApiResponseError"];
                };
            };
        };
    };
    delete_rm_filesystem__system_name__transfer_rm_delete: {
        parameters: {
            query: {
                /** @description The path to delete */
                path: string;
                account?: string | null;
            };
            header?: never;
            path: {
                system_name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Remove file or directory operation created successfully */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DeleteResponse"];
                };
            };
            /** @description Client Error */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ApiResponseError"];
                };
            };
            /** @description Server Error */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ApiResponseError"];
                };
            };
        };
    };
    compress_filesystem__system_name__transfer_compress_post: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                system_name: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CompressRequest"];
            };
        };
        responses: {
            /** @description Compress file or directory operation created successfully */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CompressResponse"];
                };
            };
            /** @description Client Error */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ApiResponseError"];
                };
            };
            /** @description Server Error */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ApiResponseError"];
                };
            };
        };
    };
    extract_filesystem__system_name__transfer_extract_post: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                system_name: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ExtractRequest"];
            };
        };
        responses: {
            /** @description Extract file or directory operation created successfully */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ExtractResponse"];
                };
            };
            /** @description Client Error */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ApiResponseError"];
                };
            };
            /** @description Server Error */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ApiResponseError"];
                };
            };
        };
    };
    put_chmod_filesystem__system_name__ops_chmod_put: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                system_name: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["PutFileChmodRequest"];
            };
        };
        responses: {
            /** @description File permissions changed successfully */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PutFileChmodResponse"];
                };
            };
            /** @description Client Error */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ApiResponseError"];
                };
            };
            /** @description Server Error */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ApiResponseError"];
                };
            };
        };
    };
    put_chown_filesystem__system_name__ops_chown_put: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                system_name: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["PutFileChownRequest"];
            };
        };
        responses: {
            /** @description File ownership changed successfully */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PutFileChownResponse"];
                };
            };
            /** @description Client Error */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ApiResponseError"];
                };
            };
            /** @description Server Error */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ApiResponseError"];
                };
            };
        };
    };
    get_ls_filesystem__system_name__ops_ls_get: {
        parameters: {
            query: {
                /** @description The path to list */
                path: string;
                /** @description Show hidden files */
                showHidden?: boolean;
                /** @description List numeric user and group IDs */
                numericUid?: boolean;
                /** @description Recursively list files and folders */
                recursive?: boolean;
                /** @description Show information for the file the link references. */
                dereference?: boolean;
            };
            header?: never;
            path: {
                system_name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Directory listed successfully */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GetDirectoryLsResponse"];
                };
            };
            /** @description Client Error */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ApiResponseError"];
                };
            };
            /** @description Server Error */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ApiResponseError"];
                };
            };
        };
    };
    get_head_filesystem__system_name__ops_head_get: {
        parameters: {
            query: {
                /** @description File path */
                path: string;
                /** @description The output will be the first NUM bytes of each file. */
                bytes?: number | null;
                /** @description The output will be the first NUM lines of each file. */
                lines?: number | null;
                /** @description The output will be the whole file, without the last NUM bytes/lines of each file. NUM should be specified in the respective argument through `bytes` or `lines`. */
                skipTrailing?: boolean;
            };
            header?: never;
            path: {
                system_name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Head operation finished successfully */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GetFileHeadResponse"];
                };
            };
            /** @description Client Error */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ApiResponseError"];
                };
            };
            /** @description Server Error */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ApiResponseError"];
                };
            };
        };
    };
    get_view_filesystem__system_name__ops_view_get: {
        parameters: {
            query: {
                /** @description File path */
                path: string;
                /** @description Value, in bytes, of the size of data to be retrieved from the file. */
                size?: number | null;
                /** @description Value in bytes of the offset. */
                offset?: number | null;
            };
            header?: never;
            path: {
                system_name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description View operation finished successfully */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GetViewFileResponse"];
                };
            };
            /** @description Client Error */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ApiResponseError"];
                };
            };
            /** @description Server Error */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ApiResponseError"];
                };
            };
        };
    };
    get_tail_filesystem__system_name__ops_tail_get: {
        parameters: {
            query: {
                /** @description File path */
                path: string;
                /** @description The output will be the last NUM bytes of each file. */
                bytes?: number | null;
                /** @description The output will be the last NUM lines of each file. */
                lines?: number | null;
                /** @description The output will be the whole file, without the first NUM bytes/lines of each file. NUM should be specified in the respective argument through `bytes` or `lines`. */
                skipHeading?: boolean;
            };
            header?: never;
            path: {
                system_name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description `tail` operation finished successfully */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GetFileTailResponse"];
                };
            };
            /** @description Client Error */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ApiResponseError"];
                };
            };
            /** @description Server Error */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ApiResponseError"];
                };
            };
        };
    };
    get_checksum_filesystem__system_name__ops_checksum_get: {
        parameters: {
            query: {
                /** @description Target system */
                path: string;
            };
            header?: never;
            path: {
                system_name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Checksum returned successfully */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GetFileChecksumResponse"];
                };
            };
            /** @description Client Error */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ApiResponseError"];
                };
            };
            /** @description Server Error */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ApiResponseError"];
                };
            };
        };
    };
    get_file_filesystem__system_name__ops_file_get: {
        parameters: {
            query: {
                /** @description A file or folder path */
                path: string;
            };
            header?: never;
            path: {
                system_name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Type returned successfully */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GetFileTypeResponse"];
                };
            };
            /** @description Client Error */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ApiResponseError"];
                };
            };
            /** @description Server Error */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ApiResponseError"];
                };
            };
        };
    };
    get_stat_filesystem__system_name__ops_stat_get: {
        parameters: {
            query: {
                /** @description A file or folder path */
                path: string;
                /** @description Follow symbolic links */
                dereference?: boolean;
            };
            header?: never;
            path: {
                system_name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Stat returned successfully */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GetFileStatResponse"];
                };
            };
            /** @description Client Error */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ApiResponseError"];
                };
            };
            /** @description Server Error */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ApiResponseError"];
                };
            };
        };
    };
    delete_rm_filesystem__system_name__ops_rm_delete: {
        parameters: {
            query: {
                /** @description The path to delete */
                path: string;
            };
            header?: never;
            path: {
                system_name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description File or directory deleted successfully */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Client Error */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ApiResponseError"];
                };
            };
            /** @description Server Error */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ApiResponseError"];
                };
            };
        };
    };
    post_mkdir_filesystem__system_name__ops_mkdir_post: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                system_name: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["PostMakeDirRequest"];
            };
        };
        responses: {
            /** @description Directory created successfully */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PostMkdirResponse"];
                };
            };
            /** @description Client Error */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ApiResponseError"];
                };
            };
            /** @description Server Error */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ApiResponseError"];
                };
            };
        };
    };
    post_symlink_filesystem__system_name__ops_symlink_post: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                system_name: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["PostFileSymlinkRequest"];
            };
        };
        responses: {
            /** @description Symlink created successfully */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PostFileSymlinkResponse"];
                };
            };
            /** @description Client Error */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ApiResponseError"];
                };
            };
            /** @description Server Error */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ApiResponseError"];
                };
            };
        };
    };
    get_download_filesystem__system_name__ops_download_get: {
        parameters: {
            query: {
                /** @description A file to download */
                path: string;
            };
            header?: never;
            path: {
                system_name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description File downloaded successfully */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": unknown;
                };
            };
            /** @description Client Error */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ApiResponseError"];
                };
            };
            /** @description Server Error */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ApiResponseError"];
                };
            };
        };
    };
    post_upload_filesystem__system_name__ops_upload_post: {
        parameters: {
            query: {
                /** @description Specify path where file should be uploaded. */
                path: string;
            };
            header?: never;
            path: {
                system_name: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "multipart/form-data": components["schemas"]["Body_post_upload_filesystem__system_name__ops_upload_post"];
            };
        };
        responses: {
            /** @description File uploaded successfully */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Client Error */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ApiResponseError"];
                };
            };
            /** @description Server Error */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ApiResponseError"];
                };
            };
        };
    };
    post_compress_filesystem__system_name__ops_compress_post: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                system_name: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["PostCompressRequest"];
            };
        };
        responses: {
            /** @description File and/or directories compressed successfully */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Client Error */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ApiResponseError"];
                };
            };
            /** @description Server Error */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ApiResponseError"];
                };
            };
        };
    };
    post_extract_filesystem__system_name__ops_extract_post: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                system_name: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["PostExtractRequest"];
            };
        };
        responses: {
            /** @description File extracted successfully */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Client Error */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ApiResponseError"];
                };
            };
            /** @description Server Error */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ApiResponseError"];
                };
            };
        };
    };
}
