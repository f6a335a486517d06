/*
 * The calls of a program that do not reach the system. The explorer answers
 * those that it models. It refuses the others: an order with such a call says
 * nothing about the program.
 *
 * A file defines MODELLED and REFUSED, which say what to make of a name, and
 * then includes this header. The header undefines both at its end. mk/lab.mk
 * reads it, too: there objcopy renames these calls in the program's object
 * files, NAME to explore.NAME. So the lab's own calls still reach the system.
 *
 * A call that is not here reaches the system, too. It must not wait, wake a
 * thread, or use an object that the explorer models.
 */
#ifndef MODELLED
#define MODELLED(name)
#endif
#ifndef REFUSED
#define REFUSED(name)
#endif

/* clock.c */
MODELLED(GetTickCount64)
MODELLED(QueryPerformanceCounter)
MODELLED(QueryPerformanceFrequency)
MODELLED(Sleep)
/* events.c */
MODELLED(CloseHandle)
MODELLED(CreateEventW)
MODELLED(ResetEvent)
MODELLED(SetEvent)
MODELLED(WaitForMultipleObjects)
MODELLED(WaitForSingleObject)
/* files.c */
MODELLED(CreateFileW)
MODELLED(FlushFileBuffers)
MODELLED(GetFileSizeEx)
MODELLED(GetFileType)
MODELLED(GetTempFileNameW)
MODELLED(SetFileCompletionNotificationModes)
MODELLED(SetFileInformationByHandle)
MODELLED(SetFilePointerEx)
/* io.c */
MODELLED(CancelIo)
MODELLED(CancelIoEx)
MODELLED(GetOverlappedResult)
MODELLED(ReadFile)
MODELLED(WriteFile)
/* locks.c */
MODELLED(AcquireSRWLockExclusive)
MODELLED(ReleaseSRWLockExclusive)
MODELLED(SleepConditionVariableSRW)
MODELLED(TryAcquireSRWLockExclusive)
MODELLED(WaitOnAddress)
MODELLED(WakeAllConditionVariable)
MODELLED(WakeByAddressAll)
MODELLED(WakeByAddressSingle)
MODELLED(WakeConditionVariable)
/* pipes.c */
MODELLED(ConnectNamedPipe)
MODELLED(CreateNamedPipeW)
MODELLED(DisconnectNamedPipe)
/* ports.c */
MODELLED(CreateIoCompletionPort)
MODELLED(GetQueuedCompletionStatus)
MODELLED(GetQueuedCompletionStatusEx)
MODELLED(NtQueryIoCompletion)
MODELLED(NtSetIoCompletion)
MODELLED(PostQueuedCompletionStatus)
/* process.c */
MODELLED(CreateThread)
MODELLED(ExitProcess)
MODELLED(GetExitCodeThread)
MODELLED(GetNativeSystemInfo)
MODELLED(GetSystemInfo)
MODELLED(TerminateProcess)
MODELLED(_assert)
MODELLED(_beginthreadex)
MODELLED(_exit)
MODELLED(abort)
MODELLED(exit)

/* files, pipes, devices */
REFUSED(CallNamedPipeA)
REFUSED(CallNamedPipeW)
REFUSED(CancelSynchronousIo)
REFUSED(CopyFileW)
REFUSED(CreateDirectoryW)
REFUSED(CreateFileA)
REFUSED(CreateNamedPipeA)
REFUSED(CreatePipe)
REFUSED(DeleteFileW)
REFUSED(DeviceIoControl)
REFUSED(DuplicateHandle)
REFUSED(FindFirstChangeNotificationW)
REFUSED(GetFileInformationByHandle)
REFUSED(GetFileInformationByHandleEx)
REFUSED(GetFileSize)
REFUSED(GetNamedPipeInfo)
REFUSED(GetOverlappedResultEx)
REFUSED(LockFile)
REFUSED(LockFileEx)
REFUSED(MoveFileExW)
REFUSED(NtQueryInformationFile)
REFUSED(NtReadFile)
REFUSED(NtWriteFile)
REFUSED(PeekNamedPipe)
REFUSED(ReOpenFile)
REFUSED(ReadDirectoryChangesW)
REFUSED(ReadFileEx)
REFUSED(ReadFileScatter)
REFUSED(SetEndOfFile)
REFUSED(SetFilePointer)
REFUSED(SetFileValidData)
REFUSED(SetNamedPipeHandleState)
REFUSED(TransactNamedPipe)
REFUSED(UnlockFile)
REFUSED(UnlockFileEx)
REFUSED(WaitNamedPipeW)
REFUSED(WriteFileEx)
REFUSED(WriteFileGather)
REFUSED(_open_osfhandle)
/* pools, ports, routines */
REFUSED(BindIoCompletionCallback)
REFUSED(CancelThreadpoolIo)
REFUSED(CloseThreadpoolIo)
REFUSED(CreateThreadpoolIo)
REFUSED(NtRemoveIoCompletion)
REFUSED(QueueUserAPC)
REFUSED(QueueUserWorkItem)
REFUSED(StartThreadpoolIo)
REFUSED(SubmitThreadpoolWork)
REFUSED(WaitForThreadpoolIoCallbacks)
/* threads, locks, waits */
REFUSED(AcquireSRWLockShared)
REFUSED(CreateEventA)
REFUSED(CreateEventExW)
REFUSED(CreateMutexW)
REFUSED(CreateSemaphoreW)
REFUSED(CreateWaitableTimerW)
REFUSED(EnterCriticalSection)
REFUSED(ExitThread)
REFUSED(InitOnceExecuteOnce)
REFUSED(MsgWaitForMultipleObjects)
REFUSED(OpenEventW)
REFUSED(PulseEvent)
REFUSED(ReleaseSRWLockShared)
REFUSED(ResumeThread)
REFUSED(SignalObjectAndWait)
REFUSED(SleepConditionVariableCS)
REFUSED(SleepEx)
REFUSED(SuspendThread)
REFUSED(SwitchToThread)
REFUSED(TerminateThread)
REFUSED(TryAcquireSRWLockShared)
REFUSED(WaitForMultipleObjectsEx)
REFUSED(WaitForSingleObjectEx)
REFUSED(_beginthread)
REFUSED(_endthreadex)
/* what hides a call, and further processes */
REFUSED(CreateProcessA)
REFUSED(CreateProcessW)
REFUSED(GetProcAddress)
REFUSED(SetConsoleCtrlHandler)
#undef MODELLED
#undef REFUSED
