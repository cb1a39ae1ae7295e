namespace Actors443.Engine.EventLoop.Pipes;

/// <summary>What the pipes of a connection ask of it.</summary>
internal interface IPipeOwner
{
    /// <summary>Whether what waits for the pipes goes on upon the loop; false: on the thread pool. Asked on the loop.</summary>
    bool ContinuesOnLoop { get; }

    /// <summary>There is output to be sent. Any thread.</summary>
    void OutputFlushed();

    /// <summary>There is room for input again. Any thread.</summary>
    void InputWanted();
}
